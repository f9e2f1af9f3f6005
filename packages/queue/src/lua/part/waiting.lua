-- waiting: the assets that calls are needed for. What a disabled connector keeps is none: it waits for an operator.
local function intakeBytes(connector)
  local lanes = redis.call('HMGET', BYTES, 'intake ' .. connector .. ' live', 'intake ' .. connector .. ' backfill')
  return tonumber(lanes[1] or '0') + tonumber(lanes[2] or '0')
end

-- Those of a connector that are settled: to be cut, parked, or in batches.
local function settledAssets(connector)
  return redis.call('HLEN', P .. 'index:' .. connector) + redis.call('HLEN', P .. 'parked:' .. connector) + redis.call('HLEN', P .. 'inflight:' .. connector)
end

local function quarantinedAssets(connector)
  local total = 0
  for _, batch in ipairs(redis.call('LRANGE', P .. 'quarantine:' .. connector, 0, -1)) do
    total = total + tonumber(redis.call('HGET', P .. 'batch:' .. batch, 'n') or '0')
  end
  return total
end

-- All of them, and those that are no suspects. Of the records in chunks only the bytes are known by connector: with a disabled
-- one the first count is about right.
local function waitingAssets()
  local counts = redis.call('MGET', P .. 'pending', P .. 'suspected')
  local pending, suspects = tonumber(counts[1] or '0'), tonumber(counts[2] or '0')
  local disabled = disabledConnectors()
  if not next(disabled) then return pending, pending - suspects end
  local settled, aside, bytesAside = 0, 0, 0
  for _, connector in ipairs(redis.call('SMEMBERS', P .. 'connectors')) do
    local assets = settledAssets(connector)
    settled = settled + assets
    if disabled[connector] then
      aside = aside + assets
      bytesAside = bytesAside + intakeBytes(connector)
      suspects = suspects - quarantinedAssets(connector)
    end
  end
  local bytes = tonumber(redis.call('HGET', BYTES, 'intake') or '0')
  if bytes > 0 then aside = aside + math.floor((pending - settled) * bytesAside / bytes) end
  local waiting = math.max(0, pending - aside)
  return waiting, math.max(0, waiting - suspects)
end
