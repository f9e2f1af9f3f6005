-- resume: ends holds by an operator's word, or because their reason is gone. Refusals and doubts of the connectors that it is about
-- are forgiven, and whoever has looked at those of a connector has vouched for it: they are the assets' own, until there is a canary to ask.
-- ARGV: see part/governor.lua; then the newest call that doubts are forgiven up to (0: none are), the connector that it is about
--   ('': all), and each connector vouched for
-- Returns: {ok | again | moved}
local outcome = commitGovernor()
if outcome ~= 'ok' then return { outcome } end
local forgiven = ARGV[9] ~= '' and { ARGV[9] } or redis.call('SMEMBERS', P .. 'connectors')
for _, connector in ipairs(forgiven) do
  redis.call('HDEL', P .. 'connector:' .. connector, 'refusals', 'decided', 'refused')
  if ARGV[8] ~= '0' then redis.call('HSET', P .. 'connector:' .. connector, 'vouchedCall', ARGV[8]) end
end
for i = 10, #ARGV do redis.call('HSET', P .. 'connector:' .. ARGV[i], 'vouched', 1) end
return { outcome }
