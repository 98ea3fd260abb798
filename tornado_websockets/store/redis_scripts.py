"""What Redis does with a topic at once. Redis 6.2 has all of it, and so has Valkey.

Keys: the record (a hash: ``epoch``, ``run`` of the server, ``forgotten``, ``floor``, ``bytes``, and ``s:<sender>`` for
each sender, with last number, whether it is listed, folded number, folded with, and when it last sent); the events (a
stream, whose ids say when); the retained values (a hash, as JSON). Arguments of all scripts: a new epoch, and the times
and bytes of :class:`~tornado_websockets.core.recovery.record.Retention`. Times are of the clock of Redis, since those
of several hosts may differ.
"""

from typing import Final

from ..core.recovery.record import MAX_FORGOTTEN, MAX_SENDERS

_COMMON: Final = """
local record, events, retained = KEYS[1], KEYS[2], KEYS[3]
local seconds, most, retained_seconds, sender_seconds =
    tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local function whole(number) return string.format('%.0f', number) end

local function counter(name) return tonumber(redis.call('HGET', record, name) or '0') end

local function run()  -- another one after each restart; empty for who may not ask
    local info = redis.pcall('INFO', 'server')
    return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
end

local function open()
    local known, now_run = redis.call('HMGET', record, 'epoch', 'run'), run()
    local epoch = known[1]
    if epoch and known[2] == now_run then return epoch end
    -- What is left of a record that was evicted goes with it. After a restart the newest events may be missing, and
    -- numbers would be given once more; values are at worst older ones.
    redis.call('DEL', record, events)
    if not epoch then redis.call('DEL', retained) end
    redis.call('HSET', record, 'epoch', ARGV[1], 'run', now_run)
    return ARGV[1]
end

local function keep_alive()
    local life = whole(math.max(sender_seconds, retained_seconds) * 1000)
    redis.call('PEXPIRE', record, life)
    redis.call('PEXPIRE', events, whole(seconds * 1000))  -- the newest of them is older than that by then
    redis.call('PEXPIRE', retained, life)
end

local function trim(keep)
    local length, bytes = redis.call('XLEN', events), counter('bytes')
    local before = length
    while length > 0 do
        local oldest = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
        local at = tonumber(string.match(oldest[1], '^%d+')) / 1000
        if length <= keep and bytes <= most and at > now - seconds then break end
        redis.call('XDEL', events, oldest[1])
        bytes = bytes - #oldest[2][6] - #oldest[2][8]
        length = length - 1
    end
    if length ~= before then redis.call('HSET', record, 'bytes', whole(bytes)) end
end

local function standing(sender)
    local text = redis.call('HGET', record, 's:' .. sender)
    if not text then return 0, false, 0, 0 end
    local last, listed, folded, with = string.match(text, '^(%d+) (%d) (%d+) (%d+)')
    return tonumber(last), listed == '1', tonumber(folded), tonumber(with)
end

local function write(field, last, listed, folded, with)
    local text = string.format('%.0f %d %.0f %.0f %.6f', last, listed, folded, with, now)
    redis.call('HSET', record, field, text)
end
"""

_APPEND: Final = """
local function fold(shared)
    local fields, listed, unlisted = redis.call('HGETALL', record), {}, {}
    for place = 1, #fields, 2 do
        local field = fields[place]
        if string.sub(field, 1, 2) == 's:' and field ~= 's:' .. shared then
            local last, is_listed, _, with, sent_at =
                string.match(fields[place + 1], '^(%d+) (%d) (%d+) (%d+) (%S+)')
            local sender = {field, tonumber(last), tonumber(with), tonumber(sent_at)}
            table.insert(is_listed == '1' and listed or unlisted, sender)
        end
    end
    local function is_older(one, other) return one[4] < other[4] end
    table.sort(listed, is_older)
    table.sort(unlisted, is_older)
    local forgotten, floor = counter('forgotten'), counter('floor')
    local changed, excess = 0, #listed - (MAX_SENDERS - 1)
    for place, sender in ipairs(listed) do
        if place <= excess or sender[4] < now - sender_seconds then
            forgotten, changed = forgotten + 1, changed + 1
            write(sender[1], sender[2], 0, sender[2], forgotten)
        end
    end
    excess = #unlisted + changed - MAX_FORGOTTEN
    for place, sender in ipairs(unlisted) do
        if place <= excess or sender[4] < now - sender_seconds then
            redis.call('HDEL', record, sender[1])
            floor = math.max(floor, sender[3])
        end
    end
    redis.call('HSET', record, 'forgotten', whole(forgotten), 'floor', whole(floor))
end

local function append(shared, sender, first, keep, start)
    local last, is_listed, folded, with = standing(sender)
    local number = first
    if keep > 0 and redis.call('XLEN', events) == 0 then
        redis.call('HSET', record, 'bytes', '0')  -- a stream that expires, or is evicted, is not counted down
    end
    for place = start, #ARGV, 3 do
        local text, audience, name = ARGV[place], ARGV[place + 1], ARGV[place + 2]
        if number > last then
            if keep > 0 then
                redis.call('XADD', events, '*', 's', sender, 'n', whole(number), 't', text, 'a', audience)
                redis.call('HINCRBY', record, 'bytes', #text + #audience)
            end
            if name ~= '' then
                local value = {sender, whole(number), text, audience, string.format('%.6f', now + retained_seconds)}
                redis.call('HSET', retained, name, cjson.encode(value))
            end
        end
        number = number + 1
    end
    write('s:' .. sender, math.max(last, number - 1), 1, folded, with)
    if not is_listed then fold(shared) end
    trim(keep)
    keep_alive()
end
""".replace("MAX_SENDERS", str(MAX_SENDERS)).replace("MAX_FORGOTTEN", str(MAX_FORGOTTEN))

#: Arguments: sender, first number, how many to keep; then text, audience and retained name of each entry.
APPEND: Final = f"{_COMMON}{_APPEND}append(open() .. 'p', ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), 9)"

#: A fourth key: of the token. Arguments: seconds for which that is remembered, how many to keep; then the entries.
PUBLISH: Final = f"""{_COMMON}{_APPEND}
local answer = redis.call('GET', KEYS[4])
if not answer then
    local shared = open() .. 'p'
    local first = standing(shared) + 1
    append(shared, shared, first, tonumber(ARGV[7]), 8)
    answer = shared .. ' ' .. whole(first)
    redis.call('SET', KEYS[4], answer, 'EX', ARGV[6])
end
return answer
"""

#: Argument: ``1`` where events are wanted.
READ: Final = f"""{_COMMON}
open()
trim(redis.call('XLEN', events))
keep_alive()
return {{redis.call('HGETALL', record), ARGV[6] == '1' and redis.call('XRANGE', events, '-', '+') or {{}}}}
"""

RETAINED: Final = f"{_COMMON}return {{string.format('%.6f', now), redis.call('HGETALL', retained)}}"

#: Argument: the name of the event, empty for all.
FORGET: Final = f"""{_COMMON}
if ARGV[6] == '' then
    redis.call('DEL', events, retained)
    if redis.call('EXISTS', record) == 1 then redis.call('HSET', record, 'bytes', '0') end
else
    redis.call('HDEL', retained, ARGV[6])
end
"""
