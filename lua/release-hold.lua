#!lua flags=allow-oom
--[[
  release-hold: give a buyer's held tickets back before the deadline.

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
  ARGV[6] buyerId        the owner; '' when an admin releases
  ARGV[7] lines          those of the owner's token (ticketTypeId:quantity,…); '' when an admin releases

  Returns, first match wins:
    { 'lost' }
    { 'unknown' }
    { 'not_yours' }
    { 'sold' }
    { 'released', replayed }        replayed is 1 when it was released before; nothing changed then
    { 'expired' }                   also when the deadline has just been found to have passed, and when the id is a newer promise
                                    with other lines, made after the token's was forgotten
    { 'confirming' }

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
local id = ARGV[5]
local hold = read_hold(id)

-- Decide.
local function refusal()
  if not hold then
    return { 'unknown' }
  end
  if ARGV[6] ~= '' and hold.buyer ~= ARGV[6] and hold.buyer ~= '' then
    return { 'not_yours' }
  end
  if hold.state == 'S' then
    return { 'sold' }
  end
  if hold.state == 'R' then
    return { 'released', 1 }
  end
  if hold.state == 'E' then
    return { 'expired' }
  end
  if ARGV[7] ~= '' and hold.lines ~= ARGV[7] then
    return { 'expired' }
  end
  if hold.state == 'C' then
    return { 'confirming' }
  end
  return nil
end

local refused = refusal()
if refused then
  local word = refused[1] == 'released' and 'replayed' or refused[1]
  note('release', word, id, hold and hold.lines or '', '', ARGV[6] == '' and hold and hold.buyer or ARGV[6])
  write_decisions(KEYS[7], '')
  return refused
end

-- Apply.
local is_due = deadline_of(hold) <= now
if is_due then
  note('release', 'expired', id, hold.lines, '', hold.buyer)
end
give_back(id, hold, is_due and 'E' or 'R', now, tonumber(ARGV[3]), tonumber(ARGV[4]))
write_changes()
write_decisions(KEYS[7], write_stock())
if is_due then
  return { 'expired' }
end
return { 'released', 0 }
