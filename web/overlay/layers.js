// Lays the garment over the camera's own picture, on the graphics card. streamer/overlay.py packs what comes; knows no connection and no time.

const KEPT = 12; // camera frames: 400 ms at 30 a second

const VERTEX = `#version 300 es
out vec2 at;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  at = vec2(corner.x, 1.0 - corner.y);
  gl_Position = vec4(2.0 * corner - 1.0, 0.0, 1.0);
}`;

// Both parts of the packed picture are kept apart by half a pixel: what lies beside them is none of theirs.
const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D camera, packed;
uniform vec2 size; // of the packed picture, px
uniform vec4 part; // width and height of the dressed frame in it, and of its cover, px
in vec2 at;
out vec4 colour;
void main() {
  vec3 dressed = texture(packed, clamp(at * part.xy, vec2(0.5), part.xy - 0.5) / size).rgb;
  float cover = part.z == 0.0 ? 1.0 : texture(packed, (vec2(0.0, part.y) + clamp(at * part.zw, vec2(0.5), part.zw - 0.5)) / size).r;
  colour = vec4(mix(texture(camera, at).rgb, dressed, cover), 1.0);
}`;

/** Whether this browser can lay one picture over another without a detour over its main memory. */
export function canLayer() {
  const context = document.createElement('canvas').getContext('webgl2');
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context !== null;
}

/** Where in a returned picture of this size which part is, for a camera of this aspect: {width, height, across, down} px, or null if it is neither. */
export function partsOf(width, height, aspect) {
  const like = (other) => Math.abs(width / other / aspect - 1) < 0.03;
  for (let own = 2 * Math.floor(0.39 * height); own <= 0.82 * height; own += 2) {
    const down = coverOf(own);
    if (own + down === height && like(own)) return { width, height: own, across: coverOf(width), down };
  }
  return like(height) ? { width, height, across: 0, down: 0 } : null; // the whole picture: before the server knows, or after
}

/** Pixels of the cover for so many of the frame, as in streamer/overlay.py. */
function coverOf(length) {
  return 2 * Math.floor((length + 4) / 8);
}

export class Layers {
  #canvas;
  #gl;
  #ring = [];
  #next = 0;
  #packed;
  #size;
  #part;

  constructor(canvas) {
    this.#canvas = canvas;
    const gl = (this.#gl = canvas.getContext('webgl2', { alpha: false, antialias: false, depth: false, preserveDrawingBuffer: true, desynchronized: false }));
    const program = link(gl);
    gl.useProgram(program);
    gl.uniform1i(gl.getUniformLocation(program, 'camera'), 0);
    gl.uniform1i(gl.getUniformLocation(program, 'packed'), 1);
    [this.#size, this.#part] = ['size', 'part'].map((name) => gl.getUniformLocation(program, name));
    this.#packed = texture(gl);
  }

  /** Keeps a frame of the camera that was captured at `time`. */
  keep(frame, time) {
    const gl = this.#gl;
    const slot = (this.#ring[this.#next] ??= { texture: texture(gl), time });
    this.#next = (this.#next + 1) % KEPT;
    slot.time = time;
    upload(gl, gl.TEXTURE0, slot.texture, frame);
  }

  /** How far from `time` the nearest kept frame was captured, ms; Infinity where there is none. */
  distance(time) {
    return Math.min(...this.#ring.map((slot) => Math.abs(slot.time - time)));
  }

  /** Draws a returned frame, whose parts are `parts`, over the kept frame nearest to `time`, at the camera's size. */
  draw(frame, [wide, high], parts, time, [width, height]) {
    const [gl, canvas] = [this.#gl, this.#canvas];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    gl.viewport(0, 0, width, height);
    const nearest = this.#ring.reduce((best, slot) => (Math.abs(slot.time - time) < Math.abs(best.time - time) ? slot : best));
    upload(gl, gl.TEXTURE1, this.#packed, frame);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, nearest.texture);
    gl.uniform2f(this.#size, wide, high);
    gl.uniform4f(this.#part, parts.width, parts.height, parts.across, parts.down);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  /** Lets go of what is kept: the camera was changed. */
  forget() {
    for (const slot of this.#ring) slot.time = -Infinity;
  }
}

function link(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`no shader: ${gl.getProgramInfoLog(program)}`);
  return program;
}

function texture(gl) {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  for (const [name, value] of [['MIN_FILTER', 'LINEAR'], ['MAG_FILTER', 'LINEAR'], ['WRAP_S', 'CLAMP_TO_EDGE'], ['WRAP_T', 'CLAMP_TO_EDGE']]) {
    gl.texParameteri(gl.TEXTURE_2D, gl[`TEXTURE_${name}`], gl[value]);
  }
  return made;
}

function upload(gl, unit, into, frame) {
  gl.activeTexture(unit);
  gl.bindTexture(gl.TEXTURE_2D, into);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, frame);
}
