-- batches: assets cut from the outbox for one call, unsettled until Qualys has decided.
-- batch:<n> = c connector, n assets, q requestId, m members, s places, runs (one a line), at, z bytes, and b body once
-- it is assembled. batches: the unsettled ones, by time.
-- A member is id 16, fingerprint 8, version 6, size 4, number of its run 2. Its place is segment 6, entry 2: the
-- segment keeps the record as its source had it until the batch is settled.
-- inflight:<connector> id -> version 6, batch 6. A key is in at most one unsettled batch.
local MEMBER_BYTES = 36
local PLACE_BYTES = 8

local function memberAt(members, position)
  local at = position * MEMBER_BYTES
  local id = string.sub(members, at + 1, at + 16)
  local fingerprint = string.sub(members, at + 17, at + 24)
  return id, fingerprint, unpack6(members, at + 25), (struct.unpack('>I2', members, at + 35))
end

local function linesOf(text)
  local lines = {}
  for line in string.gmatch(text, '[^\n]+') do lines[#lines + 1] = line end
  return lines
end

local function removeBatch(batch)
  local key = P .. 'batch:' .. batch
  redis.call('HINCRBY', P .. 'bytes', 'batches', -tonumber(redis.call('HGET', key, 'z') or '0'))
  redis.call('DEL', key)
  redis.call('ZREM', P .. 'batches', batch)
end
