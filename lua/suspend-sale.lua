#!lua flags=allow-oom
--[[
  suspend-sale: stop every script on a sale that is to be rebuilt, so that what is copied from it stands still.

  KEYS[1] sale  hash  epoch, run, settings, counts per ticket type
  ARGV[1] newEpoch  the epoch that the rebuild will install

  Returns, first match wins:
    { 'missing' }           there is no such sale here
    { 'newer' }             an epoch as new or newer is in place; nothing changed
    { 'suspended', epoch }  from now on every script answers 'lost'

  Cost: O(1).
  Invariant: no count changes.
]]
local epoch = redis.call('HGET', KEYS[1], 'epoch')

-- Decide.
if not epoch then
  return { 'missing' }
end
if tonumber(epoch) >= tonumber(ARGV[1]) then
  return { 'newer' }
end

-- Apply.
redis.call('HSET', KEYS[1], 'run', '')
return { 'suspended', tonumber(epoch) }
