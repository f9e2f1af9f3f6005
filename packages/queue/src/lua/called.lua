-- called: settles a reserved call with what its answer said, and begins the hold that follows from it.
-- Atomic because the hold must be in force before the slot is free: no call may slip between.
-- ARGV: call, batch, outcome (the verdict's kind), isCounted (1: the server counts this call), reading as JSON,
--   scope, reason, durationMs (-1: no hold, 0: until an operator ends it), message,
--   log entry as JSON, bytesMax (0: none learned)
-- Returns: {isNew} 1 when a new hold began, else 0
local call, batch, outcome, isCounted = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local reading = cjson.decode(ARGV[5])
local scope, reason, durationMs, message = ARGV[6], ARGV[7], tonumber(ARGV[8]), ARGV[9]
local nowMs = readClock()
local slot = redis.call('HGET', P .. 'slots', call)
local reservedAt = tonumber(slot and string.match(slot, ' (%d+) ') or '0')
redis.call('HDEL', P .. 'slots', call)
-- A call whose slot was taken for dead counts already.
if isCounted then redis.call('ZADD', P .. 'calls', nowMs, call) else redis.call('ZREM', P .. 'calls', call) end

local isFailure = outcome == 'unavailable' or outcome == 'unknown'
local function known(value) return type(value) == 'number' end

-- A learned ceiling recovers slowly, so that a passing refusal does not leave small batches for ever, while a real
-- limit is met again only every thirty calls or so.
local function raiseCeiling(connectorKey)
  local ceiling = tonumber(redis.call('HGET', connectorKey, 'bytesMax') or '0')
  if ceiling > 0 then redis.call('HSET', connectorKey, 'bytesMax', math.ceil(math.max(ceiling * 1.01, ceiling + 512))) end
end

local function learn()
  local budgetKey = P .. 'budget'
  if isCounted and not isFailure then redis.call('HINCRBY', budgetKey, 'readings', 1) end
  if known(reading.limit) then redis.call('HSET', budgetKey, 'limit', reading.limit) end
  if known(reading.windowMs) then redis.call('HSET', budgetKey, 'windowMs', reading.windowMs) end
  if known(reading.concurrencyLimit) then redis.call('HSET', budgetKey, 'concurrency', math.max(1, reading.concurrencyLimit)) end
  if not known(reading.remaining) then return end
  redis.call('HSET', budgetKey, 'remaining', reading.remaining, 'readAt', nowMs)
  local stored = redis.call('HMGET', budgetKey, 'limit', 'windowMs')
  local limit, windowMs = tonumber(stored[1] or '0'), tonumber(stored[2] or '0')
  if limit == 0 or windowMs == 0 then return end
  -- What the server counts and we did not make, somebody else made.
  local ours = callsInWindow(windowMs, nowMs) + redis.call('HLEN', P .. 'slots')
  redis.call('HSET', budgetKey, 'foreign', math.max(0, limit - reading.remaining - ours))
end
learn()

if isFailure then redis.call('HINCRBY', P .. 'budget', 'failures', 1) end
local isAccepted = outcome == 'accepted' or outcome == 'accepted-in-part'
if isAccepted then redis.call('HDEL', P .. 'budget', 'failures') end
redis.call('HSET', P .. 'budget', 'lastCallAt', nowMs)

-- A success after a hold began shows that its reason is gone.
if isAccepted and durationMs < 0 then
  for field, hold in pairs(readHolds(nowMs)) do
    local isTransient = field == 'account rate-limit' or field == 'account concurrency' or field == 'account unavailable'
    if isTransient and reservedAt > hold.sinceMs and known(reading.remaining) and reading.remaining > 0 then
      endHold(field, hold, 'success', nowMs)
    end
  end
  followHolds(nowMs)
end

local stored = redis.call('HMGET', P .. 'batch:' .. batch, 'c', 'm', 'runs')
if stored[1] then
  local connectorKey = P .. 'connector:' .. stored[1]
  if isAccepted then
    redis.call('HDEL', connectorKey, 'refusals')
    redis.call('HSET', connectorKey, 'trusted', 1)
    raiseCeiling(connectorKey)
  end
  if outcome == 'refused' then redis.call('HINCRBY', connectorKey, 'refusals', 1) end
  local learned = tonumber(ARGV[11])
  if learned > 0 then
    local before = tonumber(redis.call('HGET', connectorKey, 'bytesMax') or ARGV[11])
    redis.call('HSET', connectorKey, 'bytesMax', math.min(before, learned))
  end
  local runs, booked = linesOf(stored[3]), {}
  for i = 0, #stored[2] / MEMBER_BYTES - 1 do
    local _, _, _, run = memberAt(stored[2], i)
    if not booked[run] then
      booked[run] = true
      book(runs[run], 'calls', 1)
      if outcome == 'limited' then book(runs[run], 'limited', 1) end
      if outcome == 'unknown' then book(runs[run], 'ambiguous', 1) end
    end
  end
end
redis.call('XADD', P .. 'log', 'MAXLEN', '~', 10000, '*', 'call', ARGV[10])

local isNew = durationMs >= 0 and beginHold(scope, reason, durationMs, message, nowMs)
writeBooks(nowMs)
return { isNew and 1 or 0 }
