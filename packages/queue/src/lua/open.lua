-- open: opens a run, and forgets the oldest finished ones beyond what is kept. A run that is there stays as it is.
-- ARGV: run, connector, lane, description as JSON, runsMax, ageMsMax
-- Returns: the run's state
local run, connector, lane = ARGV[1], ARGV[2], ARGV[3]
local key = P .. 'run:' .. run
local before = redis.call('HGET', key, 'state')
if before then return before end
local nowMs = readClock()
redis.call('HSET', key, 'c', connector, 'l', lane, 'description', ARGV[4], 'state', 'open', 'openedAt', nowMs, 'pending', 0)
redis.call('ZADD', P .. 'runs', nowMs, run)
redis.call('SADD', P .. 'open', run)
redis.call('SADD', P .. 'connectors', connector)

local function prune(old)
  for _, id in ipairs(old) do
    if redis.call('HEXISTS', P .. 'run:' .. id, 'doneAt') == 1 then
      redis.call('DEL', P .. 'run:' .. id)
      redis.call('ZREM', P .. 'runs', id)
    end
  end
end
prune(redis.call('ZRANGE', P .. 'runs', '-inf', nowMs - tonumber(ARGV[6]), 'BYSCORE', 'LIMIT', 0, 100))
local surplus = redis.call('ZCARD', P .. 'runs') - tonumber(ARGV[5])
if surplus > 0 then prune(redis.call('ZRANGE', P .. 'runs', 0, math.min(100, surplus) - 1)) end
return 'open'
