// What is drawn over and under the volume: lines, arrow heads and text of engine/guides.py. One work group makes one of the
// tiles that any of them touches. Positions are pixels of the whole picture, from its top left corner; a pixel's centre
// is at + 0.5. A layer is a soft halo of one colour and on it the marks, in the order of their list; both as
// premultiplied linear light. Needs the generated struct Guide and GUIDE_TILE, the side of a tile.

layout(std430, binding = 13) readonly buffer GuideBuffer { Guide guides[]; };
// Four words a tile that is touched (x | y << 16, counted in tiles of the window; its list's first word; how many strokes
// are in it, and after them how many texts), then the lists: numbers of guides[].
layout(std430, binding = 14) readonly buffer GuideTileBuffer { uint guide_tiles[]; };
layout(binding = 5) uniform sampler3D guide_text;  // slice 0: glyphs, slice 1: their halo

uniform ivec2 guide_first_pixel;  // of the window in the whole picture
uniform vec3 guide_halo;          // linear

// The first pixel, in the window, of this work group's tile.
ivec2 guide_tile_origin() {
    uint place = guide_tiles[4u * gl_WorkGroupID.x];
    return ivec2(place & 65535u, place >> 16u) * GUIDE_TILE;
}

// Signed distance, pixels, of p from a stroke from a to b with half widths w.x at a and w.y at b.
// Round ends: a capsule. Else a trapezium, or with w.y = 0 an arrow's head.
float stroke_distance(vec2 p, vec2 a, vec2 b, vec2 w, bool round_ends) {
    vec2 along = b - a, to = p - a;
    float span = max(length(along), 1e-4);
    float u = dot(to, along) / span;
    if (round_ends) {
        float t = clamp(u / span, 0.0, 1.0);
        return length(to - along * t) - mix(w.x, w.y, t);
    }
    float v = abs(to.x * along.y - to.y * along.x) / span;
    float slope = (w.x - w.y) / span;
    float side = (v - w.x + slope * u) / sqrt(1.0 + slope * slope);
    return max(side, max(-u, u - span));
}

// Of a pixel, x: how much a mark covers, 0..1; y: how much its halo does. A stroke thinner than a pixel is fainter instead.
vec2 stroke_coverage(Guide g, vec2 p) {
    float d = stroke_distance(p, g.place.xy, g.place.zw, g.shape.xy, g.what.x == 0);
    float halo = 1.0 - smoothstep(0.0, max(g.shape.z, 1e-3), d);
    return vec2(clamp(0.5 - d, 0.0, 1.0) * min(1.0, 2.0 * max(g.shape.x, g.shape.y)), halo);
}

vec2 text_coverage(Guide g, vec2 p) {
    ivec2 at = ivec2(floor(p - g.place.xy));
    if (any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, ivec2(g.place.zw)))) return vec2(0.0);
    at += g.what.zw;
    return vec2(texelFetch(guide_text, ivec3(at, 0), 0).r, texelFetch(guide_text, ivec3(at, 1), 0).r);
}

vec4 guide_layer(vec4 marks, float halo) {
    return marks + vec4(guide_halo, 1.0) * (halo * (1.0 - marks.a));
}

// The two layers at a pixel of the window in this work group's tile, premultiplied. Text is always on top.
void guides_at(ivec2 pixel, out vec4 under, out vec4 over) {
    under = over = vec4(0.0);
    uint head = 4u * gl_WorkGroupID.x;
    uint at = guide_tiles[head + 1u];
    uint texts = at + guide_tiles[head + 2u], end = texts + guide_tiles[head + 3u];
    vec2 p = vec2(pixel + guide_first_pixel) + 0.5;
    vec2 halo = vec2(0.0);
    for (; at < texts; at++) {
        Guide g = guides[guide_tiles[at]];
        vec2 c = stroke_coverage(g, p);
        vec4 mark = vec4(g.color.rgb, 1.0) * (g.color.a * c.x);
        bool is_over = g.what.y != 0;
        vec4 made = mark + (is_over ? over : under) * (1.0 - mark.a);
        if (is_over) over = made;
        else under = made;
        halo = max(halo, g.shape.w * c.y * vec2(!is_over, is_over));
    }
    for (; at < end; at++) {
        Guide g = guides[guide_tiles[at]];
        vec2 c = text_coverage(g, p);
        vec4 mark = vec4(g.color.rgb, 1.0) * (g.color.a * c.x);
        over = mark + over * (1.0 - mark.a);
        halo.y = max(halo.y, g.shape.w * c.y);
    }
    under = guide_layer(under, halo.x);
    over = guide_layer(over, halo.y);
}
