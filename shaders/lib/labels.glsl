// Segmentations as solids. Which label a point belongs to is decided by the trilinear weights of the eight voxels
// around it, so a boundary runs where a trilinear mask would be 1/2 and not along the faces of voxels.
// label_colors[lut_base + dense id]: rgba8, alpha 0 = hidden. Needs bricks.glsl.

#ifdef HAS_LABELS
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
    uint best = 0u;
    float most = -1.0;
    for (int i = 0; i < 8; i++) {
        float share = 0.0;
        for (int j = 0; j < 8; j++) share += ids[j] == ids[i] ? w[j] : 0.0;
        // Ties go to the larger id, whatever the order of the corners.
        if (share > most + 1e-6 || (share > most - 1e-6 && ids[i] > best)) {
            most = max(share, most);
            best = ids[i];
        }
    }
    return best;
}

// Gradient (grid axes) of the mask `id`, smoothed by a quadratic B-spline over 3x3x3 voxels; outside counts as not id.
vec3 label_gradient(int c, ivec3 size, ivec3 bricks, vec3 g, uint id) {
    ivec3 centre = ivec3(floor(g));
    vec3 f = g - vec3(centre) - 0.5;
    // Weights of the voxels at -1, 0, 1 and their derivatives.
    vec3 w0 = 0.5 * (0.5 - f) * (0.5 - f), w1 = 0.75 - f * f, w2 = 0.5 * (0.5 + f) * (0.5 + f);
    vec3 d0 = f - 0.5, d1 = -2.0 * f, d2 = f + 0.5;
    vec3 gradient = vec3(0.0);
    for (int i = 0; i < 27; i++) {
        ivec3 o = ivec3(i % 3, (i / 3) % 3, i / 9);
        if (label_of_voxel(c, size, bricks, centre + o - 1) != id) continue;
        vec3 w = vec3(o.x == 0 ? w0.x : o.x == 1 ? w1.x : w2.x, o.y == 0 ? w0.y : o.y == 1 ? w1.y : w2.y,
                      o.z == 0 ? w0.z : o.z == 1 ? w1.z : w2.z);
        vec3 d = vec3(o.x == 0 ? d0.x : o.x == 1 ? d1.x : d2.x, o.y == 0 ? d0.y : o.y == 1 ? d1.y : d2.y,
                      o.z == 0 ? d0.z : o.z == 1 ? d1.z : d2.z);
        gradient += vec3(d.x * w.y * w.z, w.x * d.y * w.z, w.x * w.y * d.z);
    }
    return gradient;
}
#endif
