#!lua flags=allow-oom
--[[
  expire-holds: give back one slice of HELD holds whose deadline has passed, oldest first.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] ended      zset  lists of ended holds by the time when they may be forgotten
  KEYS[7] decisions  stream  the decision log
  ARGV[1] run            run_id of the server on this connection
  ARGV[2] nowMs          Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] linesMax       work bound of one slice, in lines of holds
  ARGV[4] keyedMemoryMs  how long an ended hold with an Idempotency-Key is remembered
  ARGV[5] memoryMs       how long any other ended hold is remembered

  Returns, first match wins:
    { 'lost' }
    { 'more', nowMs, holds }                     the slice was full: call again
    { 'done', nowMs, holds, nextDeadlineMs }     nothing else is due; nextDeadlineMs is 0 when nothing is held

  Cost: O(linesMax).
  Invariant: available + held + sold is unchanged; only HELD holds are touched, each once.
]]
-- @include clock
-- @include intact
-- @include bulk
-- @include stock
-- @include hold
-- @include buyer
-- @include indexes
-- @include decisions
-- @include give-back
-- @include expire

if not epoch_if_intact(ARGV[1]) then
  return { 'lost' }
end
local now = read_clock(ARGV[2])
local lines_max = tonumber(ARGV[3])

-- Decide and apply: what is due leaves its index at once.
local holds = expire_due(now, lines_max, tonumber(ARGV[4]), tonumber(ARGV[5]))
write_changes()
write_decisions(KEYS[7], write_stock())
local first = redis.call('ZRANGEBYSCORE', KEYS[3], 0, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local next_deadline = first[2] and tonumber(first[2]) or 0
if next_deadline > 0 and next_deadline <= now then
  return { 'more', now, holds }
end
return { 'done', now, holds, next_deadline }
