-- ledger: what Qualys has been sent, by asset: id -> fingerprint 8, version 6, call 4.
-- The entries live in small hashes, which Redis keeps as listpacks: 40 bytes an entry instead of 88. They grow by
-- linear hashing (Litwin, 1980): one bucket is split whenever the average passes LOAD, so none ever
-- grows past the listpack bound of 512 and nothing is ever rehashed as a whole.
-- ledger:<connector> = n entries, b buckets; ledger:<connector>:<bucket> = the entries.
local LOAD = 100
local ledgers = {}

local function openLedger(connector)
  local ledger = ledgers[connector]
  if ledger then return ledger end
  local meta = redis.call('HMGET', P .. 'ledger:' .. connector, 'n', 'b')
  ledger = { key = P .. 'ledger:' .. connector, entries = tonumber(meta[1] or '0'), buckets = tonumber(meta[2] or '1') }
  ledger.level = 1
  while ledger.level * 2 <= ledger.buckets do ledger.level = ledger.level * 2 end
  ledgers[connector] = ledger
  return ledger
end

local function bucketKey(ledger, id)
  local hash = struct.unpack('>I4', id)
  local bucket = hash % (ledger.level * 2)
  if bucket >= ledger.buckets then bucket = bucket - ledger.level end
  return ledger.key .. ':' .. bucket
end

-- One more bucket: it takes its share of the entries of the one it is split from.
local function splitBucket(ledger)
  local from = ledger.key .. ':' .. (ledger.buckets - ledger.level)
  ledger.buckets = ledger.buckets + 1
  local moved, gone = {}, {}
  local all = redis.call('HGETALL', from)
  for i = 1, #all, 2 do
    if bucketKey(ledger, all[i]) ~= from then
      moved[#moved + 1] = all[i]
      moved[#moved + 1] = all[i + 1]
      gone[#gone + 1] = all[i]
    end
  end
  if #gone > 0 then
    redis.call('HSET', ledger.key .. ':' .. (ledger.buckets - 1), unpack(moved))
    redis.call('HDEL', from, unpack(gone))
  end
  if ledger.buckets == ledger.level * 2 then ledger.level = ledger.buckets end
end

-- The fingerprint and version Qualys was last sent, or nil.
local function readLedger(connector, id)
  local ledger = openLedger(connector)
  if ledger.entries == 0 then return nil end
  local value = redis.call('HGET', bucketKey(ledger, id), id)
  if not value then return nil end
  return string.sub(value, 1, 8), unpack6(value, 9), (struct.unpack('>I4', value, 15))
end

local function writeLedger(connector, id, fingerprint, version, call)
  local ledger = openLedger(connector)
  local value = fingerprint .. pack6(version) .. struct.pack('>I4', call % 4294967296)
  if redis.call('HSET', bucketKey(ledger, id), id, value) == 0 then return end
  ledger.entries = ledger.entries + 1
  if ledger.entries > ledger.buckets * LOAD then splitBucket(ledger) end
end

local function closeLedgers()
  for _, ledger in pairs(ledgers) do
    redis.call('HSET', ledger.key, 'n', ledger.entries, 'b', ledger.buckets)
  end
end
