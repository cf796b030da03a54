#!lua flags=allow-oom
--[[
  begin-confirms: move holds from HELD to CONFIRMING before MySQL is touched, one more open attempt each.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  KEYS[6] ended      zset  lists of ended holds by the time when they may be forgotten
  KEYS[7] decisions  stream  the decision log
  ARGV[1] run            run_id of the server on this connection
  ARGV[2] nowMs          Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] leaseMs        how long recovery leaves a confirm alone
  ARGV[4] graceMaxMs     how long after the promised deadline a CONFIRMING hold may still be joined
  ARGV[5] keyedMemoryMs  how long an ended hold with an Idempotency-Key is remembered
  ARGV[6] memoryMs       how long any other ended hold is remembered
  ARGV[7] items          then per item four: holdId, buyerId, attemptId, lines of its token (ticketTypeId:quantity,…)

  Returns { 'lost' }, { 'frozen', remainingMs } while a resync counts, or { 'ok', nowMs, reply… } per item, first match wins:
    { 'unknown' }           the id is not remembered here
    { 'not_yours' }
    { 'sold' }
    { 'released' }
    { 'expired' }           also when the deadline has just been found to have passed: the tickets went back; and when the id
                            is a newer promise with other lines, made after this one was forgotten
    { 'overdue', epoch }    CONFIRMING beyond all grace: an attempt may still be on its way, only MySQL can end it
    { 'begun', epoch }      also when this attempt had begun before

  Cost: O(lines of all items).
  Invariant: available + held + sold is unchanged; a CONFIRMING hold is in leases and not in due.
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

local epoch = epoch_if_intact(ARGV[1])
if not epoch then
  return { 'lost' }
end
local now = read_clock(ARGV[2])
local frozen_until = tonumber(redis.call('HGET', KEYS[1], 'frozenUntilMs') or '0')
if frozen_until > now then
  return { 'frozen', frozen_until - now }
end
local lease_ms = tonumber(ARGV[3])
local grace_max_ms = tonumber(ARGV[4])

-- Decide.
local ENDED = { S = 'sold', R = 'released', E = 'expired' }

local function refusal(hold, buyer, lines)
  if not hold then
    return { 'unknown' }
  end
  -- A void outcome that was read back from MySQL names no buyer; the token has proven whose hold it was.
  if hold.buyer ~= buyer and hold.buyer ~= '' then
    return { 'not_yours' }
  end
  if ENDED[hold.state] then
    return { ENDED[hold.state] }
  end
  if hold.lines ~= lines then
    return { 'expired' }
  end
  if hold.state == 'C' and expires_of(hold) + grace_max_ms <= now then
    return { 'overdue', tonumber(epoch) }
  end
  return nil
end

local BEGUN = { 'begun', tonumber(epoch) }

-- Apply.
local function begin(id, hold, buyer, attempt, lines)
  local refused = refusal(hold, buyer, lines)
  if refused then
    return refused
  end
  if hold.state == 'H' and deadline_of(hold) <= now then
    give_back(id, hold, 'E', now, tonumber(ARGV[5]), tonumber(ARGV[6]))
    return { 'expired' }
  end
  if not string.find(hold.attempts, attempt, 1, true) then
    hold.attempts = hold.attempts .. (hold.attempts == '' and '' or ',') .. attempt
  end
  leave(KEYS[3], id)
  enter(KEYS[4], now + lease_ms, id)
  hold.state = 'C'
  hold.epoch = epoch
  write_hold(id, hold)
  return BEGUN
end

load_holds(every(7, 4))
local reply = { 'ok', now }
for i = 7, #ARGV, 4 do
  local hold = read_hold(ARGV[i])
  local answer = begin(ARGV[i], hold, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
  note('begin', answer[1], ARGV[i], ARGV[i + 3], ARGV[i + 2], ARGV[i + 1])
  reply[#reply + 1] = answer
end
write_changes()
write_decisions(KEYS[7], write_stock())
return reply
