-- holds: pauses of sending: holds, "scope reason" -> JSON {untilMs, sinceMs, message}; scope is `account` or
-- a connector. untilMs 0 means: until an operator ends it. In force is their union. holds:ended
-- collects the ended ones until one sender has reported them.
-- BullMQ's limiter key only follows: it keeps idle senders from fetching, it decides nothing.
local LIMITER = P .. 'outbound:limiter'
local LIMITER_FULL = '9007199254740991'
local ENDLESS_MS = 86400000

-- Stops every consumer of the outbound queue from fetching; never shortens a longer stop.
local function stopFetching(delayMs)
  local stopped = redis.call('GET', LIMITER) == LIMITER_FULL
  if stopped and redis.call('PTTL', LIMITER) >= delayMs then return end
  redis.call('SET', LIMITER, LIMITER_FULL, 'PX', math.max(1, math.ceil(delayMs)))
end

local function endHold(field, hold, cause, nowMs)
  redis.call('HDEL', P .. 'holds', field)
  hold.cause = cause
  hold.endedMs = nowMs
  hold.field = field
  redis.call('RPUSH', P .. 'holds:ended', cjson.encode(hold))
end

-- All holds in force, by field; those whose time is over end here.
local function readHolds(nowMs)
  local inForce = {}
  local all = redis.call('HGETALL', P .. 'holds')
  for i = 1, #all, 2 do
    local hold = cjson.decode(all[i + 1])
    if hold.untilMs ~= 0 and hold.untilMs <= nowMs then
      endHold(all[i], hold, 'time', nowMs)
    else
      inForce[all[i]] = hold
    end
  end
  return inForce
end

local function isEndedLater(hold, other)
  if not other then return true end
  if other.untilMs == 0 then return false end
  return hold.untilMs == 0 or hold.untilMs > other.untilMs
end

-- The hold of one scope that ends last, or nil.
local function longestHold(inForce, scope)
  local longest, longestField
  for field, hold in pairs(inForce) do
    if string.match(field, '^(%S+)') == scope and isEndedLater(hold, longest) then
      longest, longestField = hold, field
    end
  end
  return longest, longestField
end

local function remainingMs(hold, nowMs)
  if hold.untilMs == 0 then return ENDLESS_MS end
  return hold.untilMs - nowMs
end

-- Begins a hold, or lengthens the one that is there; a shorter one changes nothing.
-- Returns whether it is new.
local function beginHold(scope, reason, durationMs, message, nowMs)
  local field = scope .. ' ' .. reason
  local before = readHolds(nowMs)[field]
  local hold = { untilMs = durationMs == 0 and 0 or nowMs + durationMs, sinceMs = nowMs, message = message }
  if before and not isEndedLater(hold, before) then return false end
  if before then hold.sinceMs = before.sinceMs end
  redis.call('HSET', P .. 'holds', field, cjson.encode(hold))
  if scope == 'account' then stopFetching(remainingMs(hold, nowMs)) end
  return not before
end

-- After a hold was ended: consumers fetch again at once, or when the last of those left ends.
local function followHolds(nowMs)
  redis.call('DEL', LIMITER)
  local hold = longestHold(readHolds(nowMs), 'account')
  if hold then stopFetching(remainingMs(hold, nowMs)) end
end
