// The walk of a ray through a volume's macrocells: it yields segments over which the extinction is bounded by a
// majorant (pbrt-v4's RayMajorantSegment, book section 11.2), and leaps over empty space.
//
// cells[]: low 16 bits = half float, the sum over the channels of weight times majorant (rounded up); high 16 bits = for
// an empty cell the chessboard distance d >= 1 to the nearest cell that is not empty: the box of cells at distance < d
// is empty, and one step leaves it. majorants[]: by channel, the largest opacity in the cell without the weight.
// Macrocells are CELL voxels a side.
// Needs params, volumes[], channels[], cells[], majorants[], box.glsl, bricks.glsl.

#ifdef PAGED
#include "lib/walk_paged.glsl"
#else
struct Walk {
    vec3 o, d;        // the ray in macrocell coordinates; the parameter t is that of the unit-space ray
    vec3 inverse_d;
    ivec3 cell;       // where the walk stands
    ivec3 n;          // cells along each axis
    int base;
    float t, t_end;   // how far it has come; where the ray leaves the volume (or the crop box)
    float cap;        // no majorant is larger: the cap of the volume's opacity, all channels together
};

// A walk of the unit-space ray o + t d over [t0, t1] through volume v; false when the ray misses it.
bool walk_start(int v, vec3 o, vec3 d, float t0, float t1, out Walk w) {
    w.o = grid_from_unit(v, o) * (1.0 / float(CELL));
    w.d = grid_direction(v, d) * (1.0 / float(CELL));
    w.inverse_d = safe_inverse(w.d);
    vec2 inside = clip_to_box(w.o, w.inverse_d, vec3(0.0), vec3(volumes[v].size.xyz) * (1.0 / float(CELL)), t0, t1);
    w.t = inside.x;
    w.t_end = inside.y;
    w.n = volumes[v].cells.xyz;
    w.base = volumes[v].cell_base;
    w.cap = cuts[v].hi.w;
    w.cell = clamp(ivec3(floor(w.o + w.d * w.t)), ivec3(0), w.n - 1);
    return inside.x < inside.y;
}

// The majorant opacity of the current cell, and where the ray leaves the cell (or the empty box around it). `next` is
// the cell that it enters there. Cells are integers, so each step makes progress whatever rounding does to t.
float walk_segment(in Walk w, out float t_exit, out ivec3 next) {
    uint entry = cell_at(w.base + (w.cell.z * w.n.y + w.cell.y) * w.n.x + w.cell.x);
    float majorant = unpackHalf2x16(entry & 0xFFFFu).x;
    int reach = max(int(entry >> 16u), 1) - 1;
    ivec3 lo = w.cell - reach, hi = w.cell + reach + 1;
    next = leave_cells(w.o, w.d, w.inverse_d, lo, hi, t_exit);
    t_exit = max(t_exit, w.t);
    return majorant;
}

bool walk_is_over(in Walk w) {
    return w.t >= w.t_end || any(lessThan(w.cell, ivec3(0))) || any(greaterThanEqual(w.cell, w.n));
}

// Go on until a tentative collision: `tau` is the optical depth still to come before it. False when the ray leaves.
bool walk_to_candidate(inout Walk w, inout float tau, out float majorant) {
    majorant = 0.0;
    while (!walk_is_over(w)) {
        float t_exit;
        ivec3 next;
        majorant = min(walk_segment(w, t_exit, next), w.cap);
        float mu_maj = majorant * params.density;
        float t_stop = min(t_exit, w.t_end);
        float depth = mu_maj * (t_stop - w.t);
        if (tau < depth) {
            // However dense the medium, candidates are a step of t apart: or there were no end of them in one place.
            w.t = max(w.t + tau / mu_maj, w.t * (1.0 + 2.4e-7));
            return true;
        }
        tau -= depth;
        w.t = t_exit;
        w.cell = next;
    }
    return false;
}

// Where it stands in the volume's grid, and which macrocell that is.
vec3 walk_grid(in Walk w) { return (w.o + w.d * w.t) * float(CELL); }
int walk_index(in Walk w) { return (w.cell.z * w.n.y + w.cell.y) * w.n.x + w.cell.x; }
#endif

#if MIXING == 1
// The channel of the largest opacity at g, that opacity and its texel; -1 where all are clear. `inside`: g is not cut away.
int strongest_channel(int v, vec3 g, bool inside, out float opacity, out float texel) {
    int best = -1;
    opacity = texel = 0.0;
    int first = volumes[v].bricks.w;
    for (int c = first; c < first + volumes[v].cells.w; c++) {
        if (channels[c].weight <= 0.0 || (!inside && channels[c].clipped != 0)) continue;
        float one;
        float mine = channel_opacity(v, c, g, one);
        if (mine > opacity) {
            opacity = mine;
            texel = one;
            best = c;
        }
    }
    return best;
}
#else
// The channel that a candidate in the current cell belongs to, drawn in proportion to the channels' majorants, and that
// channel's majorant (with its weight). `u` is uniform in [0, 1), `whole` the cell's majorant; -1 where only rounding put a
// candidate. Where the cap makes the whole smaller than its parts, each part shrinks alike: a channel by itself may be as
// dense as the cap, several in one cell share it.
int candidate_channel(in Walk w, int v, float u, float whole, out float majorant) {
    int index = walk_index(w);
#ifdef PAGED
    index += here.node * MAJORANT_GROUPS * CELLS_OF_BRICK;
#endif
    float pick = u * whole;
    majorant = 0.0;
#include "generated/candidates.glsl"
    return -1;
}
#endif
