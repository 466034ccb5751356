;;; What a value holds, where that cannot be stored as it is: procedures,
;;; parameters, records, tables of them.

(define-module (flowmake contents)
  #:use-module (ice-9 match)
  #:use-module (flowmake primitives)
  #:export (contents))

(define (leaf? value)
  ;; Whether VALUE holds nothing else, and can be stored.
  (or (real? value) (string? value) (symbol? value) (keyword? value)
      (char? value) (boolean? value) (null? value)))

(define untold
  ;; What stands for a port, say.
  '(untold))

(define (sorted-entries table)
  ;; The entries of the hash table TABLE in the order of their keys, or #f if
  ;; these have none that lasts.
  (define (written entry)
    (cons (object->string (car entry)) entry))
  (let ((entries (hash-map->list cons table)))
    (and (and-map (lambda (entry) (leaf? (car entry))) entries)
         (map cdr
              (sort (map written entries)
                    (lambda (a b) (string<? (car a) (car b))))))))

(define (fields struct)
  ;; The values that the record or instance STRUCT holds.
  (let ((layout (symbol->string
                 (struct-ref (struct-vtable struct) vtable-index-layout))))
    (let loop ((i (1- (quotient (string-length layout) 2))) (values '()))
      (cond
       ((negative? i) values)
       ((eqv? (string-ref layout (* 2 i)) #\p)
        (loop (1- i) (cons (struct-ref struct i) values)))
       (else (loop (1- i) values))))))

(define (goops name)
  ;; NAME of GOOPS, or #f as long as nobody has loaded that.
  (let ((module (resolve-module '(oop goops) #f #:ensure #f)))
    (and module (module-ref module name))))

(define (generic? value)
  (and (struct? value)
       (goops '<generic>)
       ((goops 'is-a?) value (goops '<generic>))))

(define (methods generic)
  ;; The classes, which count by their names, and the procedure of each method
  ;; of GENERIC.
  (map (lambda (method)
         (cons ((goops 'method-specializers) method)
               ((goops 'method-procedure) method)))
       ((goops 'generic-function-methods) generic)))

(define (parts value origin)
  ;; What VALUE, which is no leaf, consists of: a tag that says what it is, and
  ;; the values in it; or #f.
  (cond
   ((pair? value) (list 'pair (car value) (cdr value)))
   ((unspecified? value) '(unspecified))
   ((complex? value)
    (list 'complex (real-part value) (imag-part value)))
   ((vector? value) (cons 'vector (vector->list value)))
   ((hash-table? value)
    (let ((entries (sorted-entries value)))
      (and entries (cons 'table entries))))
   ((variable? value)
    (and (variable-bound? value) (list 'variable (variable-ref value))))
   ((fluid? value) (and (fluid-bound? value) (list 'fluid (fluid-ref value))))
   ((parameter? value)
    (list 'parameter (value) (parameter-converter value)))
   ((generic? value) (cons 'generic (methods value)))
   ((procedure? value)
    (match (origin value)
      ((identity . inside) (cons* 'procedure identity (or inside '())))
      (#f #f)))
   ((module? value) (list 'module (module-name value)))
   ((and (struct? value) (struct-vtable? value))
    (list 'type (struct-vtable-name value)))
   ((struct? value)
    (cons* 'struct (struct-vtable-name (struct-vtable value)) (fields value)))
   (else #f)))

(define max-described 200000)           ; objects; takes about 0.2 s

(define (contents value origin)
  "Return what can be stored and is the same as long as VALUE holds the same, as
far as one looks.  (ORIGIN PROC) gives what tells the procedure PROC from others
and the list of values that it closes over, or #f.  Of a port, say, only the
place counts."
  (define numbers (make-hash-table))    ; of what is described
  (define count 0)
  (define queue '())

  (define (reference value)
    (cond
     ((leaf? value) (list value))
     ((hashq-ref numbers value))
     (else
      (let ((number count))
        (set! count (1+ count))
        (hashq-set! numbers value number)
        (set! queue (cons value queue))
        number))))

  (define (describe value)
    (match (parts value origin)
      ((tag . inside) (cons tag (map-in-order reference inside)))
      (#f (let ((bytes (false-if-exception (%encode value ""))))
            (if bytes (list 'value (%digest bytes)) untold)))))

  (let ((top (reference value)))
    (let loop ((lines (list top)))
      (if (or (null? queue) (> count max-described))
          (reverse lines)
          (let ((next (car queue)))
            (set! queue (cdr queue))
            (loop (cons (describe next) lines)))))))
