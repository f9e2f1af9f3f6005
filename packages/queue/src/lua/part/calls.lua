-- calls: our own calls, as the server may count them: calls, a sorted set of call -> when it was answered.
-- slots: calls in flight, call -> "sender reservedAt deadline"; senders: sender -> end of its lease.
-- budget = limit, windowMs, concurrency, foreign, readAt, readings, lastCallAt, failures, nowMs, runId.
local MARGIN_MS = 5

-- A call whose sender died, or never came back for its answer, counts as made at its end; its slot is free.
local function endDeadSlots(nowMs)
  local slots = redis.call('HGETALL', P .. 'slots')
  local used = #slots / 2
  for i = 1, #slots, 2 do
    local sender, deadlineMs = string.match(slots[i + 1], '^(%S+) %d+ (%d+)$')
    local leaseUntilMs = tonumber(redis.call('ZSCORE', P .. 'senders', sender) or '0')
    if leaseUntilMs <= nowMs or tonumber(deadlineMs) <= nowMs then
      redis.call('HDEL', P .. 'slots', slots[i])
      redis.call('ZADD', P .. 'calls', nowMs, slots[i])
      used = used - 1
    end
  end
  return used
end

-- Settled calls the server may still count.
local function callsInWindow(windowMs, nowMs)
  redis.call('ZREMRANGEBYSCORE', P .. 'calls', '-inf', nowMs - windowMs - MARGIN_MS)
  return redis.call('ZCARD', P .. 'calls')
end

local function leaseSender(sender, leaseMs, nowMs)
  redis.call('ZREMRANGEBYSCORE', P .. 'senders', '-inf', nowMs - 3600000)
  redis.call('ZADD', P .. 'senders', nowMs + leaseMs, sender)
end

-- The ended holds nobody has reported yet, as JSON; each is handed out once.
local function takeEndedHolds()
  local ended = redis.call('LRANGE', P .. 'holds:ended', 0, 99)
  if #ended > 0 then redis.call('LTRIM', P .. 'holds:ended', #ended, -1) end
  return ended
end
