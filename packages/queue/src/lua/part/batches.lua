-- batches: assets cut from the outbox for one call, unsettled until Qualys has decided.
-- batch:<n> = c connector, n assets, q requestId, m members, s places, runs (one a line), at, z bytes, and b body once
-- it is assembled. batches: the unsettled ones, by time.
-- A member is id 16, fingerprint 8, version 6, size 4, number of its run 2 (0 for a canary: it is on no run's books). Its
-- place is segment 6, entry 2: the segment keeps the record as its source had it until the batch is settled.
-- Of a batch that met with trouble also: failures and doubt as JSON, ambiguous 1 (an answer never came), suspect 1 (part of a
-- batch that was found guilty); of a canary, canary 1 and no places.
-- inflight:<connector> id -> version 6, batch 6. A key is in at most one unsettled batch.
local MEMBER_BYTES = 36
local PLACE_BYTES = 8

local function memberAt(members, position)
  local at = position * MEMBER_BYTES
  local id = string.sub(members, at + 1, at + 16)
  local fingerprint = string.sub(members, at + 17, at + 24)
  return id, fingerprint, unpack6(members, at + 25), (struct.unpack('>I2', members, at + 35))
end

-- An asset that was taken, kept to be sent again: its member, then its body as a batch has it.
local function canaryOf(canary)
  local id, fingerprint, version, run = memberAt(canary, 0)
  return id, fingerprint, version, run, string.sub(canary, MEMBER_BYTES + 1)
end

local function linesOf(text)
  local lines = {}
  for line in string.gmatch(text, '[^\n]+') do lines[#lines + 1] = line end
  return lines
end

local function removeBatch(batch)
  local key = P .. 'batch:' .. batch
  local stored = redis.call('HMGET', key, 'c', 'l', 'z')
  addBytes('batches', stored[1], stored[2], -(stored[3] or 0))
  redis.call('DEL', key)
  redis.call('ZREM', P .. 'batches', batch)
end
