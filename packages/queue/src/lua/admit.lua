-- admit: whether a chunk may be settled now. Settled it takes two to five times as much memory, so a backfill stays as chunks until more of
-- its lane was sent: such a chunk is put off, its job may end, and it comes back when there is room.
-- Atomic because a chunk is either waiting for a worker or put off, and never neither.
-- The sweep leaves those alone that are put off: their time is infinite.
-- later: connectors with chunks put off. later:<connector>: those, by the time at which they were.
-- ARGV: sequence ('' to ask for others only), outboxBytesMax, how many of a connector may come back
-- Returns: {ok | later, then for each chunk that comes back: sequence, when it was put off}
local sequence, bytesMax, most = ARGV[1], tonumber(ARGV[2]), ARGV[3]
-- So many wait for the next calls, however large they are.
local SEGMENTS_MIN = 4
local LOW = 0.75

local function hasRoom(connector, share)
  if redis.call('LLEN', P .. 'outbox:' .. connector .. ':backfill') < SEGMENTS_MIN then return true end
  return tonumber(redis.call('HGET', BYTES, 'outbox ' .. connector .. ' backfill') or '0') < bytesMax * share
end

local nowMs = readClock()
local reply = { 'ok' }
local chunk = redis.call('HMGET', P .. 'chunk:' .. sequence, 'c', 'l')
if chunk[2] == 'backfill' and not hasRoom(chunk[1], 1) then
  redis.call('ZADD', P .. 'later:' .. chunk[1], 'NX', nowMs, sequence)
  redis.call('SADD', P .. 'later', chunk[1])
  redis.call('ZADD', P .. 'chunks', 'inf', sequence)
  reply[1] = 'later'
end

for _, connector in ipairs(redis.call('SMEMBERS', P .. 'later')) do
  local key = P .. 'later:' .. connector
  if hasRoom(connector, LOW) then
    local back = redis.call('ZPOPMIN', key, most)
    for i = 1, #back, 2 do
      redis.call('ZADD', P .. 'chunks', 'XX', nowMs, back[i])
      reply[#reply + 1] = back[i]
      reply[#reply + 1] = back[i + 1]
    end
    if redis.call('EXISTS', key) == 0 then redis.call('SREM', P .. 'later', connector) end
  end
end
return reply
