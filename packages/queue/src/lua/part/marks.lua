-- marks: how much may wait before producers have to.
-- A lane of a connector may hold SHARE times as much as it leaves free. So one alone fills four fifths, there is always room for
-- another, and a connector that is held, or a backfill, never shuts the others out (dynamic thresholds: Choudhury and Hahne, 1998).
-- One that was refused waits until it holds no more than SHARE_LOW times as much (alone two thirds), so that producers do not flap.
local SHARE = 4
local SHARE_LOW = 2

-- Bytes that a lane of a connector has, wherever they wait.
local function bytesOf(connector, lane)
  local owner = ' ' .. connector .. ' ' .. lane
  local total = 0
  for _, bytes in ipairs(redis.call('HMGET', BYTES, 'intake' .. owner, 'outbox' .. owner, 'batches' .. owner)) do
    total = total + tonumber(bytes or '0')
  end
  return total
end

-- Bytes that disabled connectors keep: they wait for an operator, and others need not wait for them.
local function bytesSetAside()
  local aside = 0
  for connector in pairs(disabledConnectors()) do
    aside = aside + bytesOf(connector, 'live') + bytesOf(connector, 'backfill')
  end
  return aside
end

-- What is free of the bytes that may wait, and of the part of maxmemory that may be used, by us and by others: our own count
-- is of compressed bytes, and indexes, ledger and letters come on top.
local function freeBytes(bytesMax, memoryShare)
  local places = redis.call('HMGET', BYTES, 'intake', 'outbox', 'batches')
  local free = bytesMax + bytesSetAside()
  for _, bytes in ipairs(places) do free = free - tonumber(bytes or '0') end
  local memory = redis.call('INFO', 'memory')
  local memoryMax = tonumber(string.match(memory, '\nmaxmemory:(%d+)') or '0')
  if memoryMax == 0 then return free end
  return math.min(free, memoryMax * memoryShare - tonumber(string.match(memory, '\nused_memory:(%d+)')))
end

-- Whether so many more bytes are too many. One chunk of each may always wait, however large it is.
local function isFull(connector, lane, count, bytesMax, memoryShare)
  local waits = 'full ' .. connector .. ' ' .. lane
  local own = bytesOf(connector, lane)
  local isWaiting = redis.call('HEXISTS', BYTES, waits) == 1
  local most = (isWaiting and SHARE_LOW or SHARE) * (freeBytes(bytesMax, memoryShare) - count)
  if own > 0 and own + count > most then
    redis.call('HSET', BYTES, waits, 1)
    return true
  end
  if isWaiting then redis.call('HDEL', BYTES, waits) end
  return false
end
