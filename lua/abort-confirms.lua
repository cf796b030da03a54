#!lua flags=allow-oom
--[[
  abort-confirms: take back open attempts that definitely failed; the last one returns the hold to HELD.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] decisions  stream  the decision log
  ARGV[1] run         run_id of the server on this connection
  ARGV[2] nowMs       Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] graceMs     the buyer gets at least so long to try again, for the failure was ours
  ARGV[4] graceMaxMs  but never longer than so long after the promised deadline
  ARGV[5] items       then per item three: holdId, epoch of its begin, attemptId

  Returns { 'lost' } or { 'ok', nowMs, reply… } with one reply per item, first match wins:
    { 'ignored' }    not confirming, of another epoch, or this attempt is not open: nothing changed
    { 'joined' }     other attempts are still open
    { 'reopened' }   the hold is HELD again

  Cost: O(items).
  Invariant: no count changes; a HELD hold is in due and not in leases.
]]
-- @include clock
-- @include intact
-- @include bulk
-- @include hold
-- @include indexes
-- @include decisions

local epoch = epoch_if_intact(ARGV[1])
if not epoch then
  return { 'lost' }
end
local now = read_clock(ARGV[2])
local grace_ms = tonumber(ARGV[3])
local grace_max_ms = tonumber(ARGV[4])

-- Decide.
local function without_attempt(attempts, attempt)
  local rest, found = {}, false
  for open in string.gmatch(attempts, '[^,]+') do
    if open == attempt then
      found = true
    else
      rest[#rest + 1] = open
    end
  end
  return found and table.concat(rest, ',') or nil
end

-- Apply.
local function abort(id, hold, begun_epoch, attempt)
  if not hold or hold.state ~= 'C' or hold.epoch ~= begun_epoch or epoch ~= begun_epoch then
    return { 'ignored' }
  end
  local rest = without_attempt(hold.attempts, attempt)
  if not rest then
    return { 'ignored' }
  end
  hold.attempts = rest
  if rest ~= '' then
    write_hold(id, hold)
    return { 'joined' }
  end
  hold.state = 'H'
  local deadline = math.max(deadline_of(hold), math.min(now + grace_ms, expires_of(hold) + grace_max_ms))
  put_off(hold, deadline)
  write_hold(id, hold)
  leave(KEYS[4], id)
  enter(KEYS[3], deadline, id)
  return { 'reopened' }
end

load_holds(every(5, 3))
local reply = { 'ok', now }
for i = 5, #ARGV, 3 do
  local hold = read_hold(ARGV[i])
  local answer = abort(ARGV[i], hold, ARGV[i + 1], ARGV[i + 2])
  note('abort', answer[1], ARGV[i], hold and hold.lines or '', ARGV[i + 2], hold and hold.buyer or '')
  reply[#reply + 1] = answer
end
write_holds()
write_indexes()
write_decisions(KEYS[6], '')
return reply
