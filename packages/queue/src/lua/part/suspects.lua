-- suspects: parts of batches that were found guilty, until each asset is cleared or has its own refusal.
-- suspected: their assets, all connectors together. quarantine:<connector>: those batches of them that wait for calls
-- which nothing else needs, or for the connector's next share of calls for bisection.
local function countSuspects(assets) redis.call('INCRBY', P .. 'suspected', assets) end
