-- bytes: what waits, as it is stored: by where it lies (intake, outbox, batches), and by whose it is ("<connector> <lane>").
local BYTES = P .. 'bytes'

local function addBytes(place, connector, lane, count)
  redis.call('HINCRBY', BYTES, place, count)
  local owner = connector .. ' ' .. lane
  if redis.call('HINCRBY', BYTES, owner, count) == 0 then redis.call('HDEL', BYTES, owner) end
end
