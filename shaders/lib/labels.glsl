// Segmentations as solids with smooth surfaces. label_colors[lut_base + dense id]: rgba8, alpha 0 = hidden; the entry of
// the background has the style in its lowest byte. Voxels are read by label_of_voxel alone, at most two voxels away from
// the voxel that holds g. Needs scene.glsl, bricks.glsl.

#ifdef HAS_LABELS
const uint STYLE_SOLID = 0u, STYLE_TRANSLUCENT = 1u, STYLE_CONTOUR = 2u;

// How far the value of a voxel is kept from 1/2: with 0 smoothing would take away what is one voxel thin, with 1/2 there
// would be none.
const float KEPT = 0.1;
// The extinction of a translucent body, as a share of a solid one's, and the opacity of its surface.
const float CLEAR_BODY = 0.01, CLEAR_SURFACE = 0.35;
// The optical depth of a skin, for each voxel that a ray is in it.
const float SKIN_DEPTH = 0.25;

uint label_style(int c) { return label_colors[channels[c].lut_base] & 3u; }

// 0..1, without the layer's own opacity.
float label_alpha(int c, uint id) {
    return id == 0u ? 0.0 : float(label_colors[channels[c].lut_base + int(id)] >> 24u) * (1.0 / 255.0);
}

// The smoothed value of a mask in a voxel: the share of the voxel and its six neighbours that is in the mask, kept on the
// mask's side of 1/2.
float kept_share(int count, bool own) {
    float share = float(count) * (1.0 / 7.0);
    return own ? max(share, 0.5 + KEPT) : min(share, 0.5 - KEPT);
}

// The visible label that a point belongs to, or 0; within one label also a hidden one. Of the two visible labels around
// it with the largest trilinear weights the one with the larger smoothed share (trilinear between the voxels' smoothed
// values, so that there are no steps from voxel to voxel) has the point, if that share is not below
// the share of what is neither of them, less the trilinear weights of further visible labels. What is hidden counts as
// one, so that a segment has the same surface whether nothing is around it or others that are hidden. A voxel's centre
// always belongs to its own label.
uint label_at(int c, ivec3 size, ivec3 bricks, vec3 g) {
    vec3 p = g - 0.5;
    ivec3 base = ivec3(floor(p));
    vec3 f = p - vec3(base);
    uint ids[8];
    float w[8];
    bool same = true;
    for (int i = 0; i < 8; i++) {
        ivec3 corner = ivec3(i & 1, (i >> 1) & 1, i >> 2);
        ids[i] = label_of_voxel(c, size, bricks, clamp(base + corner, ivec3(0), size - 1));
        vec3 s = mix(1.0 - f, f, vec3(corner));
        w[i] = s.x * s.y * s.z;
        same = same && ids[i] == ids[0];
    }
    if (same) return ids[0];
    uint a = 0u, b = 0u;
    float share_a = -1.0, share_b = -1.0, hidden = 0.0;
    bool any_hidden = false;
    for (int i = 0; i < 8; i++) {
        uint id = ids[i];
        if (id != 0u && (id == a || id == b)) continue;
        if (label_alpha(c, id) <= 0.0) {
            hidden += w[i];
            any_hidden = true;
            continue;
        }
        float share = 0.0;
        for (int j = 0; j < 8; j++) share += ids[j] == id ? w[j] : 0.0;
        // Ties go to the larger id, whatever the order of the corners.
        if (share > share_a + 1e-6 || (share > share_a - 1e-6 && id > a)) {
            b = a;
            share_b = share_a;
            a = id;
            share_a = share;
        } else if (share > share_b + 1e-6 || (share > share_b - 1e-6 && id > b)) {
            b = id;
            share_b = share;
        }
    }
    if (a == 0u) return 0u;
    // No smoothing can change what has so much of the weight.
    float others = 1.0 - hidden - share_a - max(share_b, 0.0);
    const float MARGIN = 1.0 + 2.0 * KEPT;
    if (share_a * MARGIN > 1.0 + 1e-4) return a;
    if (hidden * MARGIN - others > 1.0 + 1e-4) return 0u;
    float u_a = 0.0, u_b = 0.0, neither = 0.0;
    // The bound is no constant, so that the loop stays a loop.
    for (int i = 0; i < 8 + min(size.x, 0); i++) {
        ivec3 corner = ivec3(i & 1, (i >> 1) & 1, i >> 2);
        bool is_a = ids[i] == a, is_b = b != 0u && ids[i] == b;
        int n_a = int(is_a), n_b = int(is_b);
        for (int axis = 0; axis < 3; axis++) {
            uint inner = ids[i ^ (1 << axis)];
            ivec3 voxel = base + corner;
            voxel[axis] += corner[axis] * 2 - 1;
            uint outer = label_of_voxel(c, size, bricks, clamp(voxel, ivec3(0), size - 1));
            n_a += int(inner == a) + int(outer == a);
            n_b += int(inner == b) + int(outer == b);
        }
        if (b == 0u) n_b = 0;
        u_a += w[i] * kept_share(n_a, is_a);
        u_b += w[i] * kept_share(n_b, is_b);
        neither += w[i] * kept_share(7 - n_a - n_b, !is_a && !is_b);
    }
    if (any_hidden && max(u_a, u_b) < neither - others - 1e-6) return 0u;
    if (abs(u_a - u_b) < 1e-6) return max(a, b);
    return u_a > u_b ? a : b;
}

// Gradient (grid axes) of the mask `id`, smoothed over 5 x 5 x 5 voxels by raised cosines (Hann windows, whose standard
// deviation is 0.9 voxels); outside of the volume counts as not id.
vec3 label_gradient(int c, ivec3 size, ivec3 bricks, vec3 g, uint id) {
    ivec3 centre = ivec3(floor(g));
    vec3 f = g - vec3(centre) - 0.5;
    vec3 gradient = vec3(0.0);
    const float TURN = 1.2566370614359172;  // 2 pi / 5
    for (int i = 0; i < 125 + min(size.x, 0); i++) {
        ivec3 o = ivec3(i % 5, (i / 5) % 5, i / 25) - 2;
        if (label_of_voxel(c, size, bricks, centre + o) != id) continue;
        vec3 at = (f - vec3(o)) * TURN;
        vec3 w = 0.2 + 0.2 * cos(at), d = (-0.2 * TURN) * sin(at);
        gradient += vec3(d.x * w.y * w.z, w.x * d.y * w.z, w.x * w.y * d.z);
    }
    return gradient;
}

// Whether the eight voxels around g are all `id`.
bool is_inside_label(int c, ivec3 size, ivec3 bricks, vec3 g, uint id) {
    ivec3 base = ivec3(floor(g - 0.5));
    for (int i = 0; i < 8; i++) {
        ivec3 corner = ivec3(i & 1, (i >> 1) & 1, i >> 2);
        if (label_of_voxel(c, size, bricks, clamp(base + corner, ivec3(0), size - 1)) != id) return false;
    }
    return true;
}

// Opacity at g, which is in label `id`, as matter: what paths and marches meet. Solids are full of it, translucent bodies
// thinly so, contours are skins of less than a voxel, alike in all volumes.
float label_opacity(int v, int c, vec3 g, uint id) {
    float opacity = label_alpha(c, id) * channels[c].weight;
    if (opacity <= 0.0) return 0.0;
    uint style = label_style(c);
    if (style == STYLE_TRANSLUCENT) return opacity * CLEAR_BODY;
    if (style == STYLE_CONTOUR) {
        if (is_inside_label(c, level_size(v), volumes[v].bricks.xyz, level_grid(v, g), id)) return 0.0;
        return opacity * min(SKIN_DEPTH / max(params.density * voxel_edge(v), 1e-6), 1.0);
    }
    return opacity;
}

// The most that label_opacity can be, without the channel's weight.
float label_most(int c) { return label_style(c) == STYLE_TRANSLUCENT ? CLEAR_BODY : 1.0; }

// Whether nothing is seen behind a surface of label `id`, but for the layer's own opacity.
bool label_covers(int c, uint id) { return label_style(c) == STYLE_SOLID && label_alpha(c, id) >= 1.0; }

// The factor of a surface's opacity; `facing` is the cosine between its normal and the line of sight.
float label_coat(int c, float facing) {
    uint style = label_style(c);
    float away = 1.0 - abs(facing);
    return style == STYLE_TRANSLUCENT ? CLEAR_SURFACE : style == STYLE_CONTOUR ? away * away : 1.0;
}
#endif
