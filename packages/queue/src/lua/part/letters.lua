-- letters: dead letters, by asset. A letter is "version fingerprint run\nJSON"; its head stands apart so that scripts
-- compare and renew it without touching the JSON.
-- dead:<connector> id -> letter an operator still has to look at; dead:<connector>:at, the same by time.
-- refused:<connector> id -> letter about the content Qualys refused last: the memory that saves a call.
local function openLetter(value)
  local stop = string.find(value, '\n', 1, true)
  local version, fingerprint = string.match(string.sub(value, 1, stop - 1), '^(%d+) (%S+) ')
  return tonumber(version), fingerprint, string.sub(value, stop + 1)
end

local function sealLetter(version, fingerprint, run, json)
  return string.format('%.0f %s %s\n', version, fingerprint, run) .. json
end

-- A letter about a newer version stays; its older fellow is only counted.
local function bury(connector, id, version, letter, nowMs)
  local before = redis.call('HGET', P .. 'dead:' .. connector, id)
  if before and openLetter(before) > version then return end
  redis.call('HSET', P .. 'dead:' .. connector, id, letter)
  redis.call('ZADD', P .. 'dead:' .. connector .. ':at', nowMs, id)
end

local function toHex(bytes)
  return (string.gsub(bytes, '.', function(byte) return string.format('%02x', string.byte(byte)) end))
end

-- Qualys refused this content: buried, and remembered.
local function buryRefused(connector, id, version, fingerprint, run, json, nowMs)
  local letter = sealLetter(version, toHex(fingerprint), run, json)
  redis.call('HSET', P .. 'refused:' .. connector, id, letter)
  bury(connector, id, version, letter, nowMs)
end

-- Whether `refused`, a remembered letter or false, is about this content. Then it is buried again, for this version.
local function buryIfRefusedBefore(connector, id, version, fingerprint, run, refused, nowMs)
  if not refused then return false end
  local _, refusedHex, json = openLetter(refused)
  if refusedHex ~= toHex(fingerprint) then return false end
  bury(connector, id, version, sealLetter(version, refusedHex, run, json), nowMs)
  return true
end

-- Qualys has a newer version: a letter about an older one has nothing left to say.
local function forgetLetter(connector, id, letter, version)
  if not letter or openLetter(letter) > version then return end
  redis.call('HDEL', P .. 'dead:' .. connector, id)
  redis.call('ZREM', P .. 'dead:' .. connector .. ':at', id)
end
