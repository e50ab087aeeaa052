-- Shows what `natcorr file -w` notes of each frame as fields, in Wireshark and tshark (4.0 and later):
--   wireshark -X lua_script:natcorr.lua annotated.pcapng
-- or for good, in Wireshark's folder of personal Lua plugins: natcorr wireshark --install.
-- A note is a comment of a frame. Its parts stand between dots, as FrameComments writes them (frame-comments.ts).

local natcorr = Proto("natcorr", "natcorr: across the NAT")

local fields = {
  flow = ProtoField.uint32("natcorr.flow", "Flow"),
  twin = ProtoField.framenum("natcorr.twin", "Twin on the other side", base.NONE),
  latency = ProtoField.relative_time("natcorr.latency", "Latency"),
  rewrite = ProtoField.string("natcorr.rewrite", "Rewrite"),
  container = ProtoField.string("natcorr.container", "Container"),
  verdict = ProtoField.string("natcorr.verdict", "Verdict"),
  reason = ProtoField.string("natcorr.reason", "Reason"),
  impact = ProtoField.string("natcorr.impact", "Impact"),
  by = ProtoField.framenum("natcorr.by", "Shown by", base.NONE),
  rule = ProtoField.string("natcorr.rule", "Rule"),
  candidate = ProtoField.framenum("natcorr.candidate", "May be", base.NONE),
  why = ProtoField.string("natcorr.why", "Why"),
}
for _, field in pairs(fields) do
  natcorr.fields[#natcorr.fields + 1] = field
end

local comment = Field.new("frame.comment")

local BEGINNING = "natcorr: "
local BETWEEN = " · "
-- Nanoseconds.
local UNITS = { ["s"] = 1e9, ["ms"] = 1e6, ["µs"] = 1e3, ["ns"] = 1 }

-- Words that a part begins with, and whose value is all that follows.
local TEXTS = { container = true, verdict = true, reason = true, impact = true, rule = true }

-- What a part says, by its beginning: adds it to the tree and returns true; returns nil where it says none of this.
local function add(tree, part)
  local word, value = part:match("^(%a+) (.+)$")
  if part == "no twin" then
    return true
  elseif part == "ambiguous" then
    tree:add(fields.verdict, part)
  elseif word == "flow" then
    tree:add(fields.flow, tonumber(value))
  elseif TEXTS[word] then
    tree:add(fields[word], value)
  elseif word == "twin" or word == "by" or word == "may" then
    local field = fields[word == "may" and "candidate" or word]
    -- a frame that is not in this file is called 'of the capture'
    local numbers = value:match("frames? ([%d, ]+) on ")
    for number in (numbers or ""):gmatch("%d+") do
      tree:add(field, tonumber(number))
    end
  elseif part:find("→", 1, true) or part:find(" rewritten$") or part == "unchanged" then
    tree:add(fields.rewrite, part)
  else
    local sign, number, unit = part:match("^([+-])([%d.]+) (%S+)$")
    if not (sign and UNITS[unit]) then
      return nil
    end
    local ns = math.floor(tonumber(number) * UNITS[unit] + 0.5)
    local seconds = math.floor(ns / 1e9)
    local time = NSTime.new(seconds, ns - seconds * 1e9)
    tree:add(fields.latency, sign == "-" and -time or time)
  end
  return true
end

local function parts(text)
  local found, from = {}, 1
  while true do
    local at, to = text:find(BETWEEN, from, true)
    found[#found + 1] = text:sub(from, (at or 0) - 1)
    if not at then
      return found
    end
    from = to + 1
  end
end

function natcorr.dissector(_, _, root)
  for _, info in ipairs({ comment() }) do
    local text = info.value
    if text:sub(1, #BEGINNING) == BEGINNING then
      local tree = root:add(natcorr)
      tree:append_text(", " .. text:sub(#BEGINNING + 1))
      for _, part in ipairs(parts(text:sub(#BEGINNING + 1))) do
        if not add(tree, part) then
          tree:add(fields.why, part)
        end
      end
    end
  end
end

register_postdissector(natcorr)
