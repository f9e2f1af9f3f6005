-- account: every key of an account begins with KEYS[1], which carries the account's hash tag.
-- All integers of more than four bytes are packed big-endian in six: 2^48 is enough for ever.
local P = KEYS[1]

-- The account's clock in milliseconds: the server's, but it never goes back, and never stands still until a clock that
-- was set back has caught up. Also how far it is ahead of the server's.
local function seeClock()
  local time = redis.call('TIME')
  local serverMs = time[1] * 1000 + math.floor(time[2] / 1000)
  local clock = redis.call('HMGET', P .. 'clock', 'nowMs', 'aheadMs')
  local lastMs = tonumber(clock[1] or '0')
  local aheadMs = math.max(tonumber(clock[2] or '0'), lastMs - serverMs)
  return serverMs + aheadMs, aheadMs
end

-- The same for scripts that write: what it has shown stays shown.
local function readClock()
  local nowMs, aheadMs = seeClock()
  redis.call('HSET', P .. 'clock', 'nowMs', nowMs, 'aheadMs', aheadMs)
  return nowMs
end

local function pack6(number) return struct.pack('>I6', number) end
local function unpack6(text, at) return (struct.unpack('>I6', text, at)) end

-- HMGET of many fields at once; an absent key costs one look.
local function lookUp(key, fields)
  if #fields == 0 or redis.call('EXISTS', key) == 0 then return {} end
  return redis.call('HMGET', key, unpack(fields))
end

-- Workers sleep until something can be cut; this wakes them.
local function wake() redis.call('PUBLISH', P .. 'wake', 'cut') end
