import { aggregationBlock } from "./aggregation.ts";
import { messageBlock } from "./message.ts";
import { observationBlock } from "./observation.ts";
import { processorBlock } from "./processor.ts";
import { tagBlock } from "./tag.ts";

/** The built-in blocks. One line here is the whole of registration. */
export const blocks = [processorBlock, messageBlock, observationBlock, aggregationBlock, tagBlock] as const;
