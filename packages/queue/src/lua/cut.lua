-- cut: takes the assets of the next call from one connector's outbox and puts them in flight.
-- Atomic because an asset must be either waiting or in exactly one batch, and only its newest version.
-- A full batch is cut at once; a partial one when nothing more is coming, or when its oldest asset has waited for
-- the linger and the governor has calls free for it, so that a trickle does not burn the budget.
-- Batches in quarantine come first when calls are spare, or their connector's share for bisection has begun anew.
-- Segments of a newer format are left to a newer worker.
-- ARGV: connector, assetsMax, bytesMax, lingerMs, requestId, the newest format known
-- Returns: {batch, number, assets, lane (live when it has one live asset)} | {empty} | {full} (enough is cut) | {wait, delayMs}
--   | {newer, format}: nothing else waits
local connector, assetsMax, bytesMax = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local lingerMs, requestId, formatMax = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local ENVELOPE_BYTES = 512
-- Where little of a snapshot has changed, each segment has an asset or two to give.
local SEGMENTS_MAX = 256
local BACKFILL_FLOOR = 10
local WAIT_MS_MAX = 60000
local LIVE_ROOM = 2
local QUARANTINE_MS = 1000

local nowMs = readClock()
local holds = readHolds()
local connectorHeldMs = heldMs(holds, connector, nowMs)
if connectorHeldMs then return { 'wait', math.min(WAIT_MS_MAX, connectorHeldMs) } end

local terms = cjson.decode(redis.call('HGET', P .. 'governor', 'terms') or '{"concurrency":1,"partialAtMs":0}')
local unsettled = { suspects = 0, others = 0 }
for _, batch in ipairs(redis.call('ZRANGE', P .. 'batches', 0, -1)) do
  local stored = redis.call('HMGET', P .. 'batch:' .. batch, 'c', 'suspect')
  local kind = stored[2] and 'suspects' or 'others'
  if stored[1] == connector then unsettled[kind] = unsettled[kind] + 1 end
end
local unsettledMax = 2 * terms.concurrency + 2

-- A batch in quarantine, if it may be sent now.
local quarantineKey = P .. 'quarantine:' .. connector
local function takeSuspects()
  local batch = redis.call('LINDEX', quarantineKey, 0)
  if not batch or unsettled.suspects >= unsettledMax then return nil end
  if nowMs < ((terms.suspectsAtMs or {})[connector] or 0) then
    local _, others = waitingAssets()
    if others > (terms.spareAssets or 0) then return nil end
  end
  redis.call('LPOP', quarantineKey)
  redis.call('ZADD', P .. 'batches', nowMs, batch)
  local stored = redis.call('HMGET', P .. 'batch:' .. batch, 'n', 'l')
  return { 'batch', tonumber(batch), tonumber(stored[1]), stored[2] }
end
local suspects = takeSuspects()
if suspects then return suspects end

-- A live batch goes before the others: room for it is left, however many of them are cut.
local function isEnoughCut()
  local live = P .. 'outbox:' .. connector .. ':live'
  local isLiveWaiting = redis.call('EXISTS', live, P .. 'ready:' .. connector .. ':live') > 0
  return unsettled.others >= unsettledMax + (isLiveWaiting and LIVE_ROOM or 0)
end
if isEnoughCut() then return { 'full' } end

local indexKey = P .. 'index:' .. connector
local ceiling = tonumber(redis.call('HGET', P .. 'connector:' .. connector, 'bytesMax') or bytesMax)
bytesMax = math.min(bytesMax, ceiling)

local taken = { has = {}, ids = {}, members = {}, places = {}, bytes = ENVELOPE_BYTES, oldestAt = nowMs, isFull = false, lane = 'backfill' }
local newerFormat = nil
local runs, runNumbers = {}, {}
local commits = {}

local function runNumber(segment)
  local run = runOf(segment)
  if not runNumbers[run] then
    runs[#runs + 1] = run
    runNumbers[run] = #runs
  end
  return runNumbers[run]
end

-- Takes one entry, or finds that it does not fit any more.
local function take(segment, entries, position, segmentAt)
  local id, fingerprint, version, size = entryAt(entries, position)
  if #taken.ids > 0 and taken.bytes + size + 1 > bytesMax then
    taken.isFull = true
    return false
  end
  taken.bytes = taken.bytes + size + 1
  taken.oldestAt = math.min(taken.oldestAt, segmentAt)
  taken.has[id] = true
  taken.ids[#taken.ids + 1] = id
  taken.members[#taken.members + 1] = id .. fingerprint .. pack6(version) .. struct.pack('>I4I2', size, runNumber(segment))
  taken.places[#taken.places + 1] = pack6(segment) .. struct.pack('>I2', position)
  taken.isFull = #taken.ids == assetsMax
  return true
end

-- The newest version of its asset, and not taken a moment ago: one that was parked stands both in its segment and
-- among the ready ones.
local function isWaiting(id, place, version, segment)
  return place and not taken.has[id] and unpack6(place, 1) == version and unpack6(place, 7) == segment
end

-- One without a note of its format has the first.
local function isNewer(format)
  if tonumber(format or '1') <= formatMax then return false end
  newerFormat = tonumber(format)
  return true
end

-- Assets that were parked and then decided to be sent: their segment was passed already.
local function takeReady(lane)
  local key = P .. 'ready:' .. connector .. ':' .. lane
  local passed = 0
  for _, place in ipairs(redis.call('LRANGE', key, 0, assetsMax * 2)) do
    if taken.isFull then break end
    local segment, position = unpack6(place, 1), (struct.unpack('>I2', place, 7))
    local segmentKey = P .. 'seg:' .. segment
    local stored = redis.call('HMGET', segmentKey, 't', 'at', 'f')
    if isNewer(stored[3]) then break end
    if stored[1] then
      local id, _, version = entryAt(stored[1], position)
      if isWaiting(id, redis.call('HGET', indexKey, id), version, segment) and not take(segment, stored[1], position, tonumber(stored[2])) then break end
    end
    passed = passed + 1
  end
  if passed > 0 then commits[#commits + 1] = function() redis.call('LTRIM', key, passed, -1) end end
end

-- Goes through one segment from its cursor. Returns whether it was passed to its end; nothing when it is left alone.
local function takeSegment(segment)
  local key = P .. 'seg:' .. segment
  local stored = redis.call('HMGET', key, 't', 'at', 'cur', 'f')
  if not stored[1] then return true end
  if isNewer(stored[4]) then return nil end
  local entries, segmentAt, position = stored[1], tonumber(stored[2]), tonumber(stored[3])
  local last = #entries / ENTRY_BYTES
  local ids = {}
  for i = position, last - 1 do ids[#ids + 1] = (entryAt(entries, i)) end
  local places = lookUp(indexKey, ids)
  local first = position
  while position < last and not taken.isFull do
    local id, _, version = entryAt(entries, position)
    if isWaiting(id, places[position - first + 1], version, segment) and not take(segment, entries, position, segmentAt) then break end
    position = position + 1
  end
  if position == last then return true end
  commits[#commits + 1] = function() redis.call('HSET', key, 'cur', position) end
  return false
end

local function takeLane(lane)
  local before = #taken.ids
  takeReady(lane)
  local key = P .. 'outbox:' .. connector .. ':' .. lane
  for _, segment in ipairs(redis.call('LRANGE', key, 0, SEGMENTS_MAX - 1)) do
    if taken.isFull then break end
    -- The segment itself may be gone by then, with its last entry.
    if takeSegment(tonumber(segment)) then commits[#commits + 1] = function() redis.call('LREM', key, 1, segment) end end
  end
  if lane == 'live' and #taken.ids > before then taken.lane = 'live' end
end

-- Live goes first; every tenth batch begins with the backfill, so that it never starves.
local isBackfillsTurn = tonumber(redis.call('GET', P .. 'batchnumber') or '0') % BACKFILL_FLOOR == BACKFILL_FLOOR - 1
takeLane(isBackfillsTurn and 'backfill' or 'live')
if not taken.isFull then takeLane(isBackfillsTurn and 'live' or 'backfill') end

-- Whether something may come that could join: a chunk of this connector waits, or a run of it is open.
local function isMoreComing()
  if intakeBytes(connector) > 0 then return true end
  for _, run in ipairs(redis.call('SMEMBERS', P .. 'open')) do
    if redis.call('HGET', P .. 'run:' .. run, 'c') == connector then return true end
  end
  return false
end

local function commit()
  for _, action in ipairs(commits) do action() end
end

if #taken.ids == 0 then
  commit()
  if #commits > 0 and redis.call('EXISTS', indexKey) == 1 then return { 'wait', 0 } end
  if redis.call('EXISTS', quarantineKey) == 1 then return { 'wait', QUARANTINE_MS } end
  if newerFormat then return { 'newer', newerFormat } end
  redis.call('SREM', P .. 'backlog', connector)
  return { 'empty' }
end

if not taken.isFull then
  local accountHeldMs = heldMs(holds, 'account', nowMs)
  local dueAt = nowMs
  if isMoreComing() then dueAt = math.max(taken.oldestAt + lingerMs, terms.partialAtMs) end
  if accountHeldMs then dueAt = math.max(dueAt, nowMs + accountHeldMs) end
  if dueAt > nowMs then return { 'wait', math.min(WAIT_MS_MAX, math.ceil(dueAt - nowMs)) } end
end

commit()
local batch = redis.call('INCR', P .. 'batchnumber')
redis.call('HDEL', indexKey, unpack(taken.ids))
local flights = {}
for i, id in ipairs(taken.ids) do
  flights[#flights + 1] = id
  flights[#flights + 1] = string.sub(taken.members[i], 25, 30) .. pack6(batch)
end
redis.call('HSET', P .. 'inflight:' .. connector, unpack(flights))
redis.call('HSET', P .. 'batch:' .. batch, 'c', connector, 'n', #taken.ids, 'q', requestId, 'at', nowMs, 'z', 0, 'l', taken.lane,
  'm', table.concat(taken.members), 's', table.concat(taken.places), 'runs', table.concat(runs, '\n'))
redis.call('ZADD', P .. 'batches', nowMs, batch)
for _, run in ipairs(runs) do book(run, 'batches', 1) end
writeBooks(nowMs)
return { 'batch', batch, #taken.ids, taken.lane }
