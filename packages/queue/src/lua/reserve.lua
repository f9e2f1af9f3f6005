-- reserve: gives a sender the right to make one call now, or tells it how long to wait.
-- Atomic because all senders of the account share the slots, the window and the holds.
-- Scored at their answers, and in flight until then, our calls are never fewer in our window than in the server's.
-- ARGV: sender, leaseMs, connector, callsReserved, fallback limit, fallback windowMs, fallback concurrency,
--   callMsMax: after that the slot is free again
-- Returns: {go, call, failures, refusals, isTrusted, ended holds as JSON ...} | {wait, scope, delayMs, reason}; a wait of the account also stops fetching
local sender, leaseMs, connector, callsReserved = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local nowMs = readClock()
leaseSender(sender, leaseMs, nowMs)

local function waitFor(delayMs, reason)
  stopFetching(delayMs)
  return { 'wait', 'account', math.ceil(delayMs), reason }
end

local inForce = readHolds(nowMs)
local hold, field = longestHold(inForce, 'account')
if hold then return waitFor(remainingMs(hold, nowMs), field) end
hold, field = longestHold(inForce, connector)
if hold then return { 'wait', 'connector', math.ceil(remainingMs(hold, nowMs)), field } end

local budget = redis.call('HMGET', P .. 'budget', 'limit', 'windowMs', 'concurrency', 'foreign', 'readAt', 'readings', 'failures')
local limit, windowMs, concurrency = tonumber(budget[1] or '0'), tonumber(budget[2] or '0'), tonumber(budget[3] or ARGV[7])
local used = endDeadSlots(nowMs)
if not budget[6] then
  -- Until an answer has arrived, one call at a time, within the limits that were learned from an earlier server.
  if used > 0 then return waitFor(50, 'probing') end
else
  -- What the answers leave open: the fallback.
  if limit == 0 then limit = tonumber(ARGV[5]) end
  if windowMs == 0 then windowMs = tonumber(ARGV[6]) end
end
if used >= concurrency then return waitFor(50, 'concurrency') end

if limit > 0 and windowMs > 0 then
  local settled = callsInWindow(windowMs, nowMs)
  local readAt = tonumber(budget[5] or '0')
  local foreign = readAt + windowMs > nowMs and tonumber(budget[4] or '0') or 0
  local allowed = math.max(foreign > 0 and 0 or 1, limit - callsReserved - foreign)
  if settled + used >= allowed then
    local freed = settled + used - allowed
    local oldest = redis.call('ZRANGE', P .. 'calls', freed, freed, 'WITHSCORES')[2]
    local freeAt = oldest and tonumber(oldest) + windowMs + MARGIN_MS or nowMs + 50
    if foreign > 0 then freeAt = math.min(freeAt, readAt + windowMs) end
    return waitFor(math.max(1, freeAt - nowMs), 'window')
  end
end

local call = redis.call('INCR', P .. 'callnumber')
redis.call('HSET', P .. 'slots', call, string.format('%s %.0f %.0f', sender, nowMs, nowMs + tonumber(ARGV[8])))
local standing = redis.call('HMGET', P .. 'connector:' .. connector, 'refusals', 'trusted')
return { 'go', call, tonumber(budget[7] or '0'), tonumber(standing[1] or '0'), standing[2] and 1 or 0, unpack(takeEndedHolds()) }
