-- segments: the settled assets of one chunk, compressed together.
-- seg:<n> = b body, f its format, t table, raw the chunk's body as it came, r run, c connector, l lane, at, z bytes, cur next entry
-- to cut, left entries that are waiting, parked or in flight. A table entry is id 16, fingerprint 8, version 6, size 4.
-- index:<connector>  id -> version 6, segment 6, entry 2: the newest version that waits in the outbox.
-- parked:<connector> id -> the same: a newer version of an asset that is in flight.
local ENTRY_BYTES = 34

local function entryAt(entries, position)
  local at = position * ENTRY_BYTES
  local id = string.sub(entries, at + 1, at + 16)
  local fingerprint = string.sub(entries, at + 17, at + 24)
  return id, fingerprint, unpack6(entries, at + 25), (struct.unpack('>I4', entries, at + 31))
end

local function packPlace(version, segment, position)
  return pack6(version) .. pack6(segment) .. struct.pack('>I2', position)
end

local function unpackPlace(place)
  return unpack6(place, 1), unpack6(place, 7), (struct.unpack('>I2', place, 13))
end

local segmentRuns = {}
local function runOf(segment)
  local run = segmentRuns[segment]
  if not run then
    run = redis.call('HGET', P .. 'seg:' .. segment, 'r')
    segmentRuns[segment] = run
  end
  return run
end

-- Entries that nobody will send any more; the last one takes the segment with it.
local function release(segment, count)
  local key = P .. 'seg:' .. segment
  if redis.call('HINCRBY', key, 'left', -count) > 0 then return end
  local stored = redis.call('HMGET', key, 'c', 'l', 'z')
  addBytes('outbox', stored[1], stored[2], -stored[3])
  redis.call('DEL', key)
end

-- A waiting or parked version that a newer one has replaced.
local function coalesce(place)
  local _, segment = unpackPlace(place)
  book(runOf(segment), 'coalesced', 1)
  release(segment, 1)
end
