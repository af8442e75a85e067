export { default as atob } from 'core-js-pure/stable/atob.js';
export { default as btoa } from 'core-js-pure/stable/btoa.js';
export { default as structuredClone } from 'core-js-pure/stable/structured-clone.js';
