-- hold: begins a hold by an operator's word, or lengthens it.
-- ARGV: scope, reason, durationMs (0: until an operator ends it), message
-- Returns: {isNew}
return { beginHold(ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], readClock()) and 1 or 0 }
