-- commit: writes what a governor decided, if nobody has written since it looked.
-- ARGV: see part/governor.lua
-- Returns: {ok | again | moved}
return { commitGovernor() }
