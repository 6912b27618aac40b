// The walk of a ray through a paged volume: from region to region (place.glsl), and in each through the macrocells of its
// brick. Between regions the ray is handed over as a voxel of the finest level, in integers, so that every step makes
// progress whatever rounding does to t. The same interface as the walk through a volume that is there whole.
// cells[] and majorants[] are as in majorant.glsl, CELLS_OF_BRICK a node; distances end at the faces of the brick.
// Needs params, volumes[], levels[], cells[], majorants[], box.glsl, bricks.glsl.

struct Walk {
    vec3 go, gd;      // the ray in the grid of the finest level
    vec3 o, d;        // in macrocells of the brick
    vec3 inverse_d;
    ivec3 cell;       // where the walk stands, in the brick
    int v;
    float t, t_end;   // how far it has come; where the ray leaves the volume (or the crop box)
    float cap;        // no majorant is larger here
    bool told;        // matter in this region was reported
};

vec3 walk_grid(in Walk w) { return w.go + w.gd * w.t; }

// Go on in the region of a voxel of the finest level.
void walk_enter(inout Walk w, ivec3 voxel) {
    place_find(w.v, voxel);
    vec3 scale = here_scale * (1.0 / float(CELL));
    w.o = (w.go * here_scale + here_offset) * (1.0 / float(CELL));
    w.d = w.gd * scale;
    w.inverse_d = safe_inverse(w.d);
    ivec3 shift = levels[volumes[w.v].paged.x + here.stage].shift.xyz;
    w.cell = clamp(((voxel >> shift) - (here.brick << BRICK_SHIFT)) / CELL, here_lo, here_hi - 1);
    w.cap = cuts[w.v].hi.w * (volumes[w.v].voxel_unit / voxel_edge(w.v));
    w.told = here_absent < 0;
}

bool walk_start(int v, vec3 o, vec3 d, float t0, float t1, out Walk w) {
    w.v = v;
    w.go = grid_from_unit(v, o);
    w.gd = grid_direction(v, d);
    vec2 inside = clip_to_box(w.go, safe_inverse(w.gd), vec3(0.0), vec3(volumes[v].size.xyz), t0, t1);
    w.t = inside.x;
    w.t_end = inside.y;
    if (!(inside.x < inside.y)) return false;
    walk_enter(w, voxel_at(v, walk_grid(w)));
    return true;
}

int walk_index(in Walk w) { return index_of_cell(w.cell); }

float walk_segment(in Walk w, out float t_exit, out ivec3 next) {
    uint entry = cell_at(here.node * CELLS_OF_BRICK + walk_index(w));
    float majorant = unpackHalf2x16(entry & 0xFFFFu).x;
    int reach = max(int(entry >> 16u), 1) - 1;
    ivec3 lo = max(w.cell - reach, here_lo), hi = min(w.cell + reach + 1, here_hi);
    next = leave_cells(w.o, w.d, w.inverse_d, lo, hi, t_exit);
    t_exit = max(t_exit, w.t);
    return majorant;
}

// The walk goes on at `next`, a macrocell of the brick or just beyond its region; false when that is outside the volume.
bool walk_step(inout Walk w, ivec3 next) {
    bvec3 below = lessThan(next, here_lo), above = greaterThanEqual(next, here_hi);
    if (!any(below) && !any(above)) {
        w.cell = next;
        return true;
    }
    ivec3 shift = levels[volumes[w.v].paged.x + here.stage].shift.xyz;
    ivec3 corner = here.brick << BRICK_SHIFT;
    ivec3 lo = (corner + here_lo * CELL) << shift, hi = (corner + here_hi * CELL) << shift;
    ivec3 voxel = clamp(ivec3(floor(walk_grid(w))), lo, hi - 1);
    voxel = mix(mix(voxel, lo - 1, below), hi, above);
    if (any(lessThan(voxel, ivec3(0))) || any(greaterThanEqual(voxel, volumes[w.v].size.xyz))) return false;
    walk_enter(w, voxel);
    return true;
}

bool walk_to_candidate(inout Walk w, inout float tau, out float majorant) {
    majorant = 0.0;
    while (w.t < w.t_end) {
        float t_exit;
        ivec3 next;
        majorant = min(walk_segment(w, t_exit, next), w.cap);
        if (majorant > 0.0 && !w.told) {
            place_report_matter();
            w.told = true;
        }
        float mu_maj = majorant * params.density;
        float depth = mu_maj * (min(t_exit, w.t_end) - w.t);
        if (tau < depth) {
            w.t = max(w.t + tau / mu_maj, w.t * (1.0 + 2.4e-7));
            return true;
        }
        tau -= depth;
        w.t = t_exit;
        if (!walk_step(w, next)) return false;
    }
    return false;
}
