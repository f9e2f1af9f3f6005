-- died: notes that a record of a chunk ended the process that transformed it alone.
-- Atomic because a note about a chunk that was settled meanwhile would stay for ever.
-- ARGV: sequence, index of the record, how it ended
-- Returns: how often this record did; 0 when the chunk is gone
local key, field = P .. 'chunk:' .. ARGV[1], 'died ' .. ARGV[2]
if redis.call('EXISTS', key) == 0 then return 0 end
local before = redis.call('HGET', key, field)
local deaths = (before and tonumber(string.match(before, '^%d+')) or 0) + 1
redis.call('HSET', key, field, deaths .. ' ' .. ARGV[3])
return deaths
