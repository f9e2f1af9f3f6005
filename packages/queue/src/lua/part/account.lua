-- account: every key of an account begins with KEYS[1], which carries the account's hash tag.
-- All integers of more than four bytes are packed big-endian in six: 2^48 is enough for ever.
local P = KEYS[1]

-- The server's clock in milliseconds. It never goes back for one account, whatever NTP does.
local function readClock()
  local time = redis.call('TIME')
  local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
  local lastMs = tonumber(redis.call('HGET', P .. 'budget', 'nowMs') or '0')
  if nowMs < lastMs then return lastMs end
  redis.call('HSET', P .. 'budget', 'nowMs', nowMs)
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
