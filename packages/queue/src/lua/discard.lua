-- discard: takes dead letters off the list.
-- Atomic because a letter that was written anew since it was read is another one, and stays.
-- ARGV: connector, then of each letter: id, version, run
-- Returns: how many were taken off
local connector = ARGV[1]
local discarded = 0
for i = 2, #ARGV, 3 do
  local id = ARGV[i]
  local letter = redis.call('HGET', P .. 'dead:' .. connector, id)
  if letter then
    local version, run = headOf(letter)
    if version == tonumber(ARGV[i + 1]) and run == ARGV[i + 2] then
      dropLetter(connector, id, letter)
      discarded = discarded + 1
    end
  end
end
return discarded
