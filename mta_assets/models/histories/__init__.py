"""What models share that look at the events themselves: users' histories as numbers, the trees that learn from them, and windows that tell too little."""
