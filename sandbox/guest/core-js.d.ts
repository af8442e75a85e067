/** Parts of core-js that come without types; each is the standard's own function or class. */
declare module 'core-js-pure/stable/atob.js' {
  export default atob;
}
declare module 'core-js-pure/stable/btoa.js' {
  export default btoa;
}
declare module 'core-js-pure/stable/structured-clone.js' {
  export default structuredClone;
}
declare module 'core-js-pure/stable/dom-exception/index.js' {
  export default DOMException;
}
declare module 'core-js-pure/stable/url/index.js' {
  export default URL;
}
declare module 'core-js-pure/stable/url-search-params/index.js' {
  export default URLSearchParams;
}
