#!lua flags=allow-oom
--[[
  suspend-campaign: stop issuing from a campaign that is to be rebuilt, and claim its rebuild for one epoch.

  KEYS[1] campaign  hash    epoch, run, quantity, window; claim and claimRun while it is being rebuilt
  KEYS[2] coupons   hash    buyerId -> issuedAtMs,couponId; '' -> epoch, or claim:<epoch to come>
  KEYS[3] stream    stream  issued coupons that are not in MySQL yet; made with its group when missing
  ARGV[1] run       run_id of the server on this connection
  ARGV[2] newEpoch  the epoch that the rebuild will install
  ARGV[3] group     of the consumers that write to MySQL

  Returns, first match wins:
    { 'newer' }       an epoch or a claim as new or newer is in place; nothing changed
    { 'suspended' }   from now on issuing answers 'lost'

  Safe to repeat with a higher epoch: the older claim is then worth nothing.
  Cost: O(1).
  Invariant: no coupon and no entry of the stream changes.
]]
local current = redis.call('HMGET', KEYS[1], 'epoch', 'claim')
local epoch = tonumber(ARGV[2])

-- Decide.
if tonumber(current[1] or 0) >= epoch or tonumber(current[2] or 0) >= epoch then
  return { 'newer' }
end

-- Apply.
redis.call('HSET', KEYS[1], 'run', '', 'claim', epoch, 'claimRun', ARGV[1])
redis.call('HSET', KEYS[2], '', 'claim:' .. epoch)
-- An existing group is refused by BUSYGROUP, and that is as good.
redis.pcall('XGROUP', 'CREATE', KEYS[3], ARGV[3], '0', 'MKSTREAM')
return { 'suspended' }
