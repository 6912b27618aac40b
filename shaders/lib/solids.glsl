// Segmentations as solid surfaces along a ray: the boundaries between a label and what is not it.
// Needs scene.glsl, bricks.glsl, labels.glsl, nearest.glsl, unlit.glsl, segments.glsl.

#ifdef HAS_LABELS
uint visible_label(int v, int c, vec3 g) {
    uint id = label_shown_at(v, c, g);
    return label_tint(c, id).a > 0.0 ? id : 0u;
}

// The first place at s0 or beyond where the ray is in a visible label other than `inside`, the one that it comes from
// (0: none). -1 when there is no such place. Steps of half a voxel, then bisection to a thousandth.
float solid_next(in Segments w, int v, int c, float s0, inout uint inside) {
    float before = s0;
    // The bound only ends the loop where rounding would not.
    for (float s = s0; s < w.s_end;) {
        float s_exit;
        vec2 range = segment_range(w, c, s, s_exit);
        uint id = range.y > 0.0 ? visible_label(v, c, segments_at(w, s)) : 0u;
        if (id != 0u && id != inside) {
            float a = before, b = s;
            for (int i = 0; i < 10; i++) {
                float middle = 0.5 * (a + b);
                if (visible_label(v, c, segments_at(w, middle)) == id) b = middle;
                else a = middle;
            }
            inside = id;
            return b;
        }
        inside = id;
        before = s;
        s = max(s + 500.0 * segments_least(w), range.y > 0.0 ? segments_beyond(w, s) : s_exit);
    }
    return -1.0;
}

// The factor of the opacity of the surface of label `id` at g where it is drawn flat.
float solid_coat(int v, int c, uint id, vec3 g, vec3 d) {
    if (label_style(c) != STYLE_CONTOUR) return label_coat(c, 1.0);
    place_at(v, g);
    vec3 n = unit_gradient(v, label_gradient(c, level_size(v), volumes[v].bricks.xyz, level_grid(v, g), id) / voxel_steps());
    return label_coat(c, dot(n, d) / max(length(n) * length(d), 1e-9));
}
#endif
