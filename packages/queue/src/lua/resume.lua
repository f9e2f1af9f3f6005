-- resume: ends holds by an operator's word, or because their reason is gone. Refusals and doubts are forgiven, and whoever has
-- looked at those of a connector has vouched for it: from now on they are the assets' own.
-- ARGV: see part/governor.lua; then the newest call, and each connector vouched for
-- Returns: {ok | again | moved}
local outcome = commitGovernor()
if outcome ~= 'ok' then return { outcome } end
for _, connector in ipairs(redis.call('SMEMBERS', P .. 'connectors')) do
  redis.call('HDEL', P .. 'connector:' .. connector, 'refusals', 'decided', 'refused')
  redis.call('HSET', P .. 'connector:' .. connector, 'vouchedCall', ARGV[8])
end
for i = 9, #ARGV do redis.call('HSET', P .. 'connector:' .. ARGV[i], 'trusted', 1) end
return { outcome }
