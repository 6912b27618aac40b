// Slices: planes that show what the data are on them, by window and colours, without light.
// Unit space. Colours are linear, premultiplied, and divided by the exposure so that it does not change them.
// Needs scene.glsl, box.glsl, bricks.glsl, transfer.glsl, labels.glsl, colour.glsl, nearest.glsl, unlit.glsl, clip.glsl.

// How far off a face a slice may lie and still be on it.
const float SLICE_MARGIN = 1e-5;      // of crop box and clip planes, unit space
const float SLICE_MARGIN_VOX = 0.01;  // of a volume, voxels

#ifdef HAS_LABELS
// The segment at g, p in unit space, on a slice whose normal is n: filled, half clear, or a line along the inside of its
// border. The line is as wide as a pixel there, or as half a voxel where that is more.
vec4 label_on_slice(int v, int c, vec3 p, vec3 g, vec3 n) {
    uint id = label_shown_at(v, c, g);
    vec4 tint = label_tint(c, id);
    uint style = label_style(c);
    if (tint.a <= 0.0 || style == STYLE_SOLID) return tint;
    if (style == STYLE_TRANSLUCENT) return vec4(tint.rgb, 0.5 * tint.a);
    float away = params.eye.w > 0.5 ? dot(p - params.eye.xyz, params.forward.xyz) : 1.0;
    float pixel = 2.0 * length(params.right.xyz) * abs(away) / float(params.picture.x);
    float wide = max(0.5 * voxel_edge(v), pixel);
    vec3 a = normalize(cross(n, abs(n.x) < 0.6 ? vec3(1.0, 0.0, 0.0) : vec3(0.0, 1.0, 0.0))), b = cross(n, a);
    vec3 size = vec3(volumes[v].size.xyz);
    for (int i = 0; i < 8; i++) {
        float angle = 0.7853981633974483 * float(i);
        vec3 beside = g + grid_direction(v, wide * (cos(angle) * a + sin(angle) * b));
        beside = clamp(beside, vec3(0.0), size);
        place_at(v, beside);
        if (label_shown_at(v, c, beside) != id) return tint;
    }
    return vec4(0.0);
}
#endif

// What is shown at p, on a slice whose normal is n: the channels of all volumes add up as light does; labels are blended over them.
vec4 slice_color(vec3 p, vec3 n) {
    vec3 light = vec3(0.0);
    float alpha = 0.0;
    vec4 tint = vec4(0.0);
    for (int v = 0; v < N_VOLUMES; v++) {
        vec3 g = grid_from_unit(v, p), size = vec3(volumes[v].size.xyz);
        if (any(lessThan(g, vec3(-SLICE_MARGIN_VOX))) || any(greaterThan(g, size + SLICE_MARGIN_VOX))) continue;
        g = clamp(g, vec3(0.0), size);
        place_at(v, g);
        int first = volumes[v].bricks.w;
        for (int c = first; c < first + volumes[v].cells.w; c++) {
            if (channels[c].weight <= 0.0) continue;
#ifdef HAS_LABELS
            if (STORAGE_OF(c) == 2) {
                vec4 over = label_on_slice(v, c, p, g, n);
                tint = vec4(mix(tint.rgb, over.rgb, over.a), 1.0 - (1.0 - tint.a) * (1.0 - over.a));
                continue;
            }
#endif
            float texel = intensity_shown_at(v, c, g);
            float share = scene_planes.slice_by_curve != 0 ? lut_at(channels[c].lut_base + lut_index(c, texel)).a : 1.0;
            light += unlit_color(c, texel) * (channels[c].weight * share);
            alpha = max(alpha, share);
        }
    }
    light = min(light, 1.0) * (1.0 - tint.a) + tint.rgb;
    return vec4(light * scene_planes.unexposed, 1.0 - (1.0 - alpha) * (1.0 - tint.a));
}

// The nearest point of a slice along o + t d with t0 < t <= t1 where there is something to see: inside the crop box and
// the clip planes, and inside a volume. To see what is behind a transparent one, ask again from its t on.
bool slice_hit(vec3 o, vec3 d, float t0, float t1, out float t, out vec4 rgba) {
    t = t0;
    rgba = vec4(0.0);
    for (int tried = 0; tried < scene_planes.slice_count; tried++) {
        float nearest = 3e38;
        vec4 plane = vec4(0.0);
        for (int i = 0; i < scene_planes.slice_count; i++) {
            vec4 one = scene_planes.slices[i];
            float towards = dot(one.xyz, d);
            if (abs(towards) < 1e-12) continue;
            float at = (one.w - dot(one.xyz, o)) / towards;
            if (at > t && at <= t1 && at < nearest) {
                nearest = at;
                plane = one;
            }
        }
        if (nearest > t1) return false;
        t = nearest;
        vec3 p = o + d * t;
        p += plane.xyz * (plane.w - dot(plane.xyz, p));  // exactly onto the plane
        if (any(lessThan(p, params.crop_lo.xyz - SLICE_MARGIN)) || any(greaterThan(p, params.crop_hi.xyz + SLICE_MARGIN)))
            continue;
        if (!planes_keep(p, SLICE_MARGIN)) continue;
        rgba = slice_color(p, plane.xyz);
        if (rgba.a > 0.0) return true;
    }
    return false;
}
