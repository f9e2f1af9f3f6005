-- letters: dead letters, by asset. A letter is "version fingerprint run\nJSON"; its head stands apart so that scripts
-- compare letters without touching the JSON.
-- dead:<connector> id -> letter an operator still has to look at; dead:<connector>:at, the same by time;
-- connector:<connector> deadBytes, what they take.
-- refused:<connector> id -> fingerprint 8 of the content Qualys refused last, then why as JSON: it saves a call.
local function headOf(letter)
  local version, run = string.match(letter, '^(%d+) %S+ ([^\n]*)')
  return tonumber(version), run
end

local function sealLetter(version, fingerprint, run, json)
  return string.format('%.0f %s %s\n', version, fingerprint, run) .. json
end

local function toHex(bytes)
  return (string.gsub(bytes, '.', function(byte) return string.format('%02x', string.byte(byte)) end))
end

local function countLetterBytes(connector, bytes)
  redis.call('HINCRBY', P .. 'connector:' .. connector, 'deadBytes', bytes)
end

-- A letter about a newer version stays; its older fellow is only counted.
local function bury(connector, id, version, letter, nowMs)
  local key = P .. 'dead:' .. connector
  local before = redis.call('HGET', key, id)
  if before and headOf(before) > version then return end
  redis.call('HSET', key, id, letter)
  redis.call('ZADD', key .. ':at', nowMs, id)
  countLetterBytes(connector, #letter - (before and #before or 0))
end

local function dropLetter(connector, id, letter)
  redis.call('HDEL', P .. 'dead:' .. connector, id)
  redis.call('ZREM', P .. 'dead:' .. connector .. ':at', id)
  countLetterBytes(connector, -#letter)
end

local function buryRefused(connector, id, version, fingerprint, run, json, nowMs)
  bury(connector, id, version, sealLetter(version, toHex(fingerprint), run, json), nowMs)
end

-- Qualys refused this content: that is remembered even when the letter about it is gone.
local function rememberRefusal(connector, id, fingerprint, why)
  redis.call('HSET', P .. 'refused:' .. connector, id, fingerprint .. why)
end

-- Why Qualys refused this content, by what is remembered of the asset; nil when that is about other content, or nothing.
local function refusalOf(refused, fingerprint)
  if not refused then return nil end
  if string.sub(refused, 1, 8) == fingerprint then return string.sub(refused, 9) end
  -- Before there was this form, the whole letter was kept.
  local hex, why = string.match(refused, '^%d+ (%x+) [^\n]*\n(.+)$')
  return hex == toHex(fingerprint) and why or nil
end

-- Qualys has a newer version: a letter about an older one has nothing left to say.
local function forgetLetter(connector, id, letter, version)
  if letter and headOf(letter) <= version then dropLetter(connector, id, letter) end
end
