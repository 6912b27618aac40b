// What is drawn over and under the volume: lines, arrow heads and text of engine/guides.py, only in the tiles they touch.
// Positions are pixels of the whole picture, from its top left corner; a pixel's centre is at + 0.5. A layer is a soft
// halo of one colour and on it the marks, in the order of their list; both as premultiplied linear light.
// Needs the generated struct Guide and GUIDE_TILE, the side of a tile.

layout(std430, binding = 13) readonly buffer GuideBuffer { Guide guides[]; };
// A word a tile of the window, first mark << 12 | marks, then the lists: numbers of guides[].
layout(std430, binding = 14) readonly buffer GuideTileBuffer { uint guide_tiles[]; };
layout(binding = 5) uniform sampler3D guide_text;  // slice 0: glyphs, slice 1: their halo

uniform int guide_tiles_across;
uniform ivec2 guide_first_pixel;  // of the window in the whole picture
uniform vec3 guide_halo;          // linear

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

// x: how much of a pixel a mark covers, 0..1; y: how much its halo does. A stroke thinner than a pixel is fainter instead.
vec2 guide_coverage(Guide g, vec2 p) {
    if (g.what.x == 2) {
        ivec2 at = ivec2(floor(p - g.place.xy));
        if (any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, ivec2(g.place.zw)))) return vec2(0.0);
        at += g.what.zw;
        return vec2(texelFetch(guide_text, ivec3(at, 0), 0).r, texelFetch(guide_text, ivec3(at, 1), 0).r);
    }
    float d = stroke_distance(p, g.place.xy, g.place.zw, g.shape.xy, g.what.x == 0);
    float halo = g.shape.z > 0.0 ? 1.0 - smoothstep(0.0, g.shape.z, d) : 0.0;
    return vec2(clamp(0.5 - d, 0.0, 1.0) * min(1.0, 2.0 * max(g.shape.x, g.shape.y)), halo);
}

vec4 guide_layer(vec4 marks, float halo) {
    return marks + vec4(guide_halo, 1.0) * (halo * (1.0 - marks.a));
}

// The two layers at a pixel of the window, premultiplied.
void guides_at(ivec2 pixel, out vec4 under, out vec4 over) {
    under = over = vec4(0.0);
    ivec2 tile = pixel / GUIDE_TILE;
    uint head = guide_tiles[tile.y * guide_tiles_across + tile.x];
    uint count = head & 4095u;
    if (count == 0u) return;
    uint first = head >> 12u;
    vec2 p = vec2(pixel + guide_first_pixel) + 0.5;
    vec2 halo = vec2(0.0);
    for (uint i = 0u; i < count; i++) {
        Guide g = guides[guide_tiles[first + i]];
        vec2 c = guide_coverage(g, p);
        vec4 mark = vec4(g.color.rgb, 1.0) * (g.color.a * c.x);
        float around = g.shape.w * c.y;
        if (g.what.y == 0) {
            under = mark + under * (1.0 - mark.a);
            halo.x = max(halo.x, around);
        } else {
            over = mark + over * (1.0 - mark.a);
            halo.y = max(halo.y, around);
        }
    }
    under = guide_layer(under, halo.x);
    over = guide_layer(over, halo.y);
}
