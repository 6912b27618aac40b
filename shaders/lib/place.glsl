// Where a ray stands in a paged volume: which brick of which level is there.
//
// A volume's bricks are a tree: the bricks of its coarsest paged level (the top) are always there, and the octants of a
// brick may have bricks of the next finer level. A place is the finest brick on the device that this view descends to:
// cut[] says for each node whether it may be drawn (CUT_USABLE) and whether this view looks at finer ones within it
// (CUT_DESCEND). Where the finer brick is absent the coarser one is drawn, and the absence is reported in feedback[].
// The region of a place is the part of its brick that it is drawn for: all of it, or the octant whose brick is absent.
//
// Grid positions g are in voxels of the finest level whatever level is drawn; levels[] has the map to a coarser one.
// With small volumes, which are on the device whole, none of this is needed: then these are constants.
// Needs volumes[]; with PAGED levels[], cut_at, child_at, feedback[], BRICK_SHIFT, CHILDREN, FEEDBACK_WORDS.

#ifdef PAGED
const uint CUT_USABLE = 1u, CUT_DESCEND = 2u;
const uint SEEN = 1u, SEEN_FIRST = 2u;
const int CELLS_SHIFT = 4;               // 16 macrocells a side of a brick
const int CELLS = 1 << CELLS_SHIFT;
const int CELLS_OF_BRICK = CELLS * CELLS * CELLS;

uniform int reports;  // 1: tell what is needed

struct Place {
    int node;
    int stage;     // of the levels that are paged, 0 the finest
    ivec3 brick;
};

Place here = Place(-1, 0, ivec3(0));
ivec3 here_lo = ivec3(0), here_hi = ivec3(0);      // the region, in macrocells of the brick
int here_absent = -1;             // which finer brick is absent there; -1: none is wanted
vec3 here_scale = vec3(1.0), here_offset = vec3(0.0);  // from g to the voxels of the brick
bool here_first = false;     // the ray comes from the eye
int here_volume = -1;        // whose region this is, in voxels of the finest level
ivec3 here_from = ivec3(0), here_to = ivec3(0);

// Take up a place of volume v again, all of its brick.
void place_resume(int v, Place place) {
    here = place;
    here_volume = -1;
    Level level = levels[volumes[v].paged.x + place.stage];
    here_scale = level.scale.xyz;
    here_offset = level.offset.xyz - vec3(place.brick << BRICK_SHIFT);
}

void place_report(uint bits) {
    int at = here.node * FEEDBACK_WORDS;
    if ((feedback[at] & bits) != bits) atomicOr(feedback[at], bits);
    if (here_absent >= 0) {
        int word = at + 1 + (here_absent >> 5);
        uint bit = 1u << uint(here_absent & 31);
        if ((feedback[word] & bit) == 0u) atomicOr(feedback[word], bit);
    }
}

// There is matter in the region where a finer brick is absent: that brick is wanted first.
void place_report_matter() {
    if (reports == 0 || here_absent < 0) return;
    int word = here.node * FEEDBACK_WORDS + 1 + (CHILDREN + 31) / 32 + (here_absent >> 5);
    uint bit = 1u << uint(here_absent & 31);
    if ((feedback[word] & bit) == 0u) atomicOr(feedback[word], bit);
}

// Go to the place of a voxel of the finest level.
void place_find(int v, ivec3 voxel) {
    int base = volumes[v].paged.x;
    int stage = volumes[v].paged.z;
    ivec3 shift = levels[base + stage].shift.xyz;
    ivec3 brick = voxel >> (shift + BRICK_SHIFT), tops = volumes[v].bricks.xyz;
    int node = volumes[v].paged.y + (brick.z * tops.y + brick.y) * tops.x + brick.x;
    here_lo = ivec3(0);
    here_hi = ivec3(CELLS);
    here_absent = -1;
    while (stage > 0) {
        if ((cut_at(node) & CUT_DESCEND) == 0u) break;
        ivec3 finer = levels[base + stage - 1].shift.xyz, split = shift - finer;
        ivec3 below = voxel >> (finer + BRICK_SHIFT), octant = below & ((ivec3(1) << split) - 1);
        int k = octant.x + (octant.y << split.x) + (octant.z << (split.x + split.y));
        uint child = child_at(node * CHILDREN + k);
        if (child == 0u || (cut_at(int(child) - 1) & CUT_USABLE) == 0u) {
            here_absent = k;
            here_lo = octant * (ivec3(CELLS) >> split);
            here_hi = here_lo + (ivec3(CELLS) >> split);
            break;
        }
        node = int(child) - 1;
        stage--;
        shift = finer;
        brick = below;
    }
    place_resume(v, Place(node, stage, brick));
    here_volume = v;
    here_from = ((brick << BRICK_SHIFT) + here_lo * CELL) << shift;
    here_to = ((brick << BRICK_SHIFT) + here_hi * CELL) << shift;
    if (reports != 0) place_report(here_first ? SEEN | SEEN_FIRST : SEEN);
}

ivec3 voxel_at(int v, vec3 g) { return clamp(ivec3(floor(g)), ivec3(0), volumes[v].size.xyz - 1); }

// Go to the place of g unless the one where we are holds it.
void place_at(int v, vec3 g) {
    ivec3 voxel = voxel_at(v, g);
    bool inside = here_volume == v && all(greaterThanEqual(voxel, here_from)) && all(lessThan(voxel, here_to));
    if (!inside) place_find(v, voxel);
}
// Voxels of the finest level along the sides of a voxel here.
vec3 voxel_steps() { return 1.0 / here_scale; }
// The smallest edge of a voxel here, unit space.
float voxel_edge(int v) { return levels[volumes[v].paged.x + here.stage].scale.w; }
// g in voxels of the brick here; from 0 to BRICK inside of it.
vec3 brick_grid(vec3 g) { return g * here_scale + here_offset; }
// The macrocell of the brick here that holds g, and the same as an index.
ivec3 cell_here(vec3 g) { return clamp(ivec3(floor(brick_grid(g) * (1.0 / float(CELL)))), here_lo, here_hi - 1); }
int index_of_cell(ivec3 cell) { return (cell.z * CELLS + cell.y) * CELLS + cell.x; }
// The centre of the voxel here that holds g.
vec3 voxel_centre(int v, vec3 g) {
    vec3 voxel = clamp(floor(brick_grid(g)), vec3(0.0), vec3(BRICK - 1));
    return (voxel + 0.5 - here_offset) / here_scale;
}
// g in voxels of the level, and that level's size.
vec3 level_grid(int v, vec3 g) { return g * here_scale + levels[volumes[v].paged.x + here.stage].offset.xyz; }
ivec3 level_size(int v) { return levels[volumes[v].paged.x + here.stage].size.xyz; }
#else
void place_at(int v, vec3 g) {}
vec3 voxel_centre(int v, vec3 g) { return clamp(floor(g), vec3(0.0), vec3(volumes[v].size.xyz - 1)) + 0.5; }
vec3 voxel_steps() { return vec3(1.0); }
float voxel_edge(int v) { return volumes[v].voxel_unit; }
vec3 level_grid(int v, vec3 g) { return g; }
ivec3 level_size(int v) { return volumes[v].size.xyz; }
#endif
