-- compare: how assets stand with what was sent before. Decides nothing and writes nothing: settle decides, by what is so then.
-- One script for many assets, so that a plan for millions takes thousands of round trips.
-- ARGV: connector, table of entries: id 16, fingerprint 8
-- Returns: two letters for each entry. (n)ew, (c)hanged, (u)nchanged, or (d)ead: refused before with the same bytes;
--   then where an older version is: (w)aiting, in (f)light, or - nowhere
local connector, entries = ARGV[1], ARGV[2]
local ENTRY_BYTES = 24
local count = #entries / ENTRY_BYTES
local ids = {}
for i = 1, count do ids[i] = string.sub(entries, (i - 1) * ENTRY_BYTES + 1, (i - 1) * ENTRY_BYTES + 16) end
local flights, waiting = lookUp(P .. 'inflight:' .. connector, ids), lookUp(P .. 'index:' .. connector, ids)
local refused = lookUp(P .. 'refused:' .. connector, ids)

local letters = {}
for i = 1, count do
  local fingerprint = string.sub(entries, (i - 1) * ENTRY_BYTES + 17, i * ENTRY_BYTES)
  local sent = readLedger(connector, ids[i])
  local fate = sent and 'c' or 'n'
  if sent == fingerprint then fate = 'u' elseif refusalOf(refused[i], fingerprint) then fate = 'd' end
  letters[i] = fate .. (flights[i] and 'f' or waiting[i] and 'w' or '-')
end
return table.concat(letters)
