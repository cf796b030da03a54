#!lua flags=allow-oom
--[[
  freeze-confirms: let begins wait for a moment while a resync counts; reserves go on.

  KEYS[1] sale       hash  epoch, run, settings, counts per ticket type
  KEYS[2] holds      hash  holdId -> packed hold
  KEYS[3] due        zset  HELD holds by deadline
  KEYS[4] leases     zset  CONFIRMING holds by end of lease
  KEYS[5] buyers     hash  buyerId -> held,bought,holdIds
  ARGV[1] run       run_id of the server on this connection
  ARGV[2] nowMs     Unix time, milliseconds; 0 = this server's TIME
  ARGV[3] freezeMs  how long at most; 0 lifts the freeze

  Returns, first match wins:
    { 'lost' }
    { 'frozen', epoch, finishes }   epoch and finish counter to be handed to resync-sale

  Cost: O(1).
  Invariant: no count changes.
]]
-- @include clock
-- @include intact

local epoch = epoch_if_intact(ARGV[1])
if not epoch then
  return { 'lost' }
end

-- Apply.
redis.call('HSET', KEYS[1], 'frozenUntilMs', read_clock(ARGV[2]) + tonumber(ARGV[3]))
return { 'frozen', tonumber(epoch), tonumber(redis.call('HGET', KEYS[1], 'finishes')) }
