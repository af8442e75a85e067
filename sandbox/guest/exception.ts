export { default as DOMException } from 'core-js-pure/stable/dom-exception/index.js';
