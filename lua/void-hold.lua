#!lua flags=allow-oom
--[[
  void-hold: give back a hold that MySQL has decided against, whatever attempts are open; they can no longer commit.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] ended      zset  lists of ended holds by the time when they may be forgotten
  KEYS[7] decisions  stream  the decision log
  ARGV[1] run            run_id of the server on this connection
  ARGV[2] nowMs          Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] keyedMemoryMs  how long an ended hold with an Idempotency-Key is remembered
  ARGV[4] memoryMs       how long any other ended hold is remembered
  ARGV[5] holdId

  Returns, first match wins:
    { 'lost' }
    { 'remembered' }  it was not known here: from now on its id is, so that it never lives again
    { 'ignored' }     ended already: nothing changed
    { 'given_back' }

  Cost: O(lines of the hold).
  Invariant: available + held + sold is unchanged.
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

if not epoch_if_intact(ARGV[1]) then
  return { 'lost' }
end
local now = read_clock(ARGV[2])
local hold = read_hold(ARGV[5])

-- Decide.
if hold and hold.state ~= 'H' and hold.state ~= 'C' then
  return { 'ignored' }
end
if not hold then
  -- Apply: as a rebuild would have read it from MySQL, which names neither buyer nor lines.
  write_hold(ARGV[5], new_hold('E', pack_promise(now, now), '1', '', ''))
  remember(ARGV[5], now + tonumber(ARGV[3]))
  note('void', 'remembered', ARGV[5], '', '', '')
  write_changes()
  write_decisions(KEYS[7], '')
  return { 'remembered' }
end

-- Apply.
note('void', 'given_back', ARGV[5], hold.lines, '', hold.buyer)
give_back(ARGV[5], hold, 'E', now, tonumber(ARGV[3]), tonumber(ARGV[4]))
write_changes()
write_decisions(KEYS[7], write_stock())
return { 'given_back' }
