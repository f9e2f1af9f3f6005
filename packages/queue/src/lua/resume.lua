-- resume: ends holds by an operator's word, or because their reason is gone, and lets the senders fetch again.
-- ARGV: reason (empty: all holds), cause
-- Returns: the ended holds, "scope reason" each
local nowMs = readClock()
local ended = {}
for field, hold in pairs(readHolds(nowMs)) do
  if ARGV[1] == '' or string.match(field, ' (%S+)$') == ARGV[1] then
    endHold(field, hold, ARGV[2], nowMs)
    ended[#ended + 1] = field
    -- The operator has looked at the refusals: from now on they are the assets' own.
    local refused = string.match(field, '^(%S+) refused$')
    if refused then redis.call('HSET', P .. 'connector:' .. refused, 'trusted', 1) end
  end
end
redis.call('HDEL', P .. 'budget', 'failures')
for _, connector in ipairs(redis.call('SMEMBERS', P .. 'connectors')) do
  redis.call('HDEL', P .. 'connector:' .. connector, 'refusals')
end
followHolds(nowMs)
wake()
return ended
