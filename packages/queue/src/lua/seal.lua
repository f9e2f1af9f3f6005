-- seal: no more chunks will come for this run. It is done at once if nothing of it is pending.
-- ARGV: run, state (sealed | aborted), note
-- Returns: the run's state, or nil when there is no such run
local run, state = ARGV[1], ARGV[2]
local key = P .. 'run:' .. run
local before = redis.call('HGET', key, 'state')
if not before then return nil end
local nowMs = readClock()
redis.call('SREM', P .. 'open', run)
if before == 'open' then
  redis.call('HSET', key, 'state', state, 'sealedAt', nowMs, 'note', ARGV[3])
  if redis.call('HGET', key, 'pending') == '0' then finishRun(run, nowMs) end
end
wake()
return redis.call('HGET', key, 'state')
