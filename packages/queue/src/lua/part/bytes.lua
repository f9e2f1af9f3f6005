-- bytes: what waits, as it is stored, by where it lies (intake, outbox, batches); each also by whose it is: "outbox <connector> <lane>".
local BYTES = P .. 'bytes'

local function addBytes(place, connector, lane, count)
  redis.call('HINCRBY', BYTES, place, count)
  local owned = place .. ' ' .. connector .. ' ' .. lane
  if redis.call('HINCRBY', BYTES, owned, count) == 0 then redis.call('HDEL', BYTES, owned) end
end
