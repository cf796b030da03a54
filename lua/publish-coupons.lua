#!lua
--[[
  publish-coupons: put coupons into the stream again that neither it nor MySQL has, while their rebuild has the claim.

  KEYS[1] campaign  hash    epoch, run, quantity, window; claim and claimRun while it is being rebuilt
  KEYS[2] stream    stream  issued coupons that are not in MySQL yet
  ARGV[1] run    run_id of the server on this connection
  ARGV[2] epoch  the epoch that was claimed
  ARGV[3] items  then per item three: couponId, buyerId, issuedAtMs

  Returns, first match wins:
    { 'moved' }       the claim is gone, by a newer one or with the data: start over; nothing changed
    { 'published' }

  Safe to repeat: a coupon that stands in the stream twice is one row in MySQL.
  Cost: O(items).
  Invariant: nothing is published that was read from a Redis that has lost its data since, so what is published is in the
  coupons, too, and counts.
]]
local current = redis.call('HMGET', KEYS[1], 'claim', 'claimRun')

-- Decide.
if current[1] ~= ARGV[2] or current[2] ~= ARGV[1] then
  return { 'moved' }
end

-- Apply.
for i = 3, #ARGV, 3 do
  redis.call('XADD', KEYS[2], '*', 'couponId', ARGV[i], 'buyerId', ARGV[i + 1], 'issuedAtMs', ARGV[i + 2])
end
return { 'published' }
