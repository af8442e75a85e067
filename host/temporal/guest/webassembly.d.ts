/** The part of WebAssembly's own interface that is used here: TypeScript has it only in its library for browsers. */
declare namespace WebAssembly {
  type Bytes = ArrayBuffer | ArrayBufferView<ArrayBuffer>;

  // biome-ignore lint/suspicious/noEmptyInterface: merged with the declaration that esbuild brings
  interface Module {}
  const Module: { new (bytes: Bytes): Module };

  interface Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }

  interface Global<Value = unknown> {
    value: Value;
  }

  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  const Instance: {
    new (module: Module, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Instance;
  };

  interface RuntimeError extends Error {}
  const RuntimeError: { new (message?: string): RuntimeError };

  /** Whether the bytes are a valid module. */
  function validate(bytes: Bytes): boolean;
}
