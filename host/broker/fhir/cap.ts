/** Caps the answers that come through an undici dispatcher. */
import type { Dispatcher } from 'undici';

/** An answer went over the cap. */
export class AnswerTooLarge extends Error {}

/**
 * An interceptor that ends a response once more than `maxBytes` of it have come, or at once when it is compressed: that was
 * not asked for, and would be inflated without a cap.
 */
export function capped(maxBytes: number): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => dispatch(options, capHandler(handler, maxBytes));
}

function capHandler(handler: Dispatcher.DispatchHandler, maxBytes: number): Dispatcher.DispatchHandler {
  let bytes = 0;
  let isOver = false;
  // Node's fetch listens for the end of a response only some microtasks after its start. Data that comes with the headers
  // would end it unheard, and the request would hang; so the error waits for the next turn, and nothing overtakes it.
  const end = (controller: Dispatcher.DispatchController, error: Error) => {
    isOver = true;
    setImmediate(() => {
      handler.onResponseError?.(controller, error);
      controller.abort(error);
    });
  };
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart: (controller, status, headers, text) => {
      const encoding = headers['content-encoding'] ?? 'identity';
      if (encoding === 'identity') handler.onResponseStart?.(controller, status, headers, text);
      else end(controller, new Error('the answer is compressed'));
    },
    onResponseData: (controller, chunk) => {
      bytes += chunk.length;
      if (isOver) return;
      if (bytes <= maxBytes) handler.onResponseData?.(controller, chunk);
      else end(controller, new AnswerTooLarge(`the answer is larger than ${maxBytes} bytes`));
    },
    onResponseEnd: (controller, trailers) => {
      if (!isOver) handler.onResponseEnd?.(controller, trailers);
    },
    onResponseError: (controller, error) => {
      if (!isOver) handler.onResponseError?.(controller, error);
    },
  };
}
